package giftstream.bench;

import java.time.Duration;
import java.util.Properties;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.configuration.PipelineOptions;
import org.apache.flink.configuration.StateBackendOptions;
import org.apache.flink.configuration.TaskManagerOptions;

/**
 * The configuration, tuned for throughput.
 *
 * <p>Object reuse; a checkpoint each second, incremental for RocksDB; memory for RocksDB and for the network; polls of
 * 10,000 records (the default of 500 starves the source), large fetches; large lz4 batches.
 */
final class Settings {
    private static final int MIB = 1 << 20;
    private static final long CHECKPOINT_MS = 1_000;

    private Settings() {
    }

    static Configuration cluster(Options options) {
        Configuration configuration = new Configuration();
        String backend = options.text("backend");
        configuration.set(StateBackendOptions.STATE_BACKEND, backend);
        configuration.set(CheckpointingOptions.CHECKPOINTING_INTERVAL, Duration.ofMillis(CHECKPOINT_MS));
        configuration.set(CheckpointingOptions.CHECKPOINTS_DIRECTORY, "file://" + options.text("state") + "/checkpoints");
        configuration.set(CheckpointingOptions.INCREMENTAL_CHECKPOINTS, backend.equals("rocksdb"));
        configuration.set(PipelineOptions.OBJECT_REUSE, true);
        configuration.set(TaskManagerOptions.MANAGED_MEMORY_SIZE, MemorySize.ofMebiBytes(512));
        configuration.set(TaskManagerOptions.NETWORK_MEMORY_MIN, MemorySize.ofMebiBytes(128));
        configuration.set(TaskManagerOptions.NETWORK_MEMORY_MAX, MemorySize.ofMebiBytes(128));
        configuration.setString("state.backend.rocksdb.localdir", options.text("state") + "/rocksdb");
        configuration.setString("io.tmp.dirs", options.text("state"));
        return configuration;
    }

    static Properties consumer() {
        Properties properties = new Properties();
        properties.put("max.poll.records", "10000");
        properties.put("max.partition.fetch.bytes", String.valueOf(8 * MIB));
        properties.put("receive.buffer.bytes", String.valueOf(MIB));
        properties.put("partition.discovery.interval.ms", "-1");
        return properties;
    }

    static Properties producer() {
        Properties properties = new Properties();
        properties.put("compression.type", "lz4");
        properties.put("linger.ms", "100");
        properties.put("batch.size", String.valueOf(MIB / 2));
        properties.put("buffer.memory", String.valueOf(128 * MIB));
        return properties;
    }
}
