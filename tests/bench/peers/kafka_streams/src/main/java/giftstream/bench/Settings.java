package giftstream.bench;

import static org.apache.kafka.streams.StreamsConfig.consumerPrefix;
import static org.apache.kafka.streams.StreamsConfig.producerPrefix;
import static org.apache.kafka.streams.StreamsConfig.restoreConsumerPrefix;

import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.streams.StreamsConfig;

/**
 * The configuration, tuned for throughput.
 *
 * <p>256 MB of record cache, which holds all rows that change between two commits; large fetches and polls; large lz4
 * batches that a commit sends off; changelogs in lz4, too. With a short commit interval it is tuned for latency
 * instead: no lingering.
 */
final class Settings {
    private static final int MIB = 1 << 20;
    private static final int COMMIT_MS = 1_000;

    private Settings() {
    }

    static Properties of(Options options) {
        int commitMs = options.number("commit-ms", COMMIT_MS);
        boolean quick = commitMs < COMMIT_MS;
        Properties properties = new Properties();
        properties.put(StreamsConfig.APPLICATION_ID_CONFIG, options.text("app-id"));
        properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, options.text("broker"));
        properties.put(StreamsConfig.STATE_DIR_CONFIG, options.text("state"));
        properties.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, options.number("threads", 1));
        properties.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, options.text("guarantee", "at_least_once"));
        properties.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, commitMs);
        properties.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 256L * MIB);
        properties.put(StreamsConfig.BUFFERED_RECORDS_PER_PARTITION_CONFIG, 10_000);
        properties.put(StreamsConfig.ROCKSDB_CONFIG_SETTER_CLASS_CONFIG, RocksSettings.class);
        properties.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
        properties.put(StreamsConfig.topicPrefix(TopicConfig.COMPRESSION_TYPE_CONFIG), "producer");
        properties.put(consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
        for (String consumer : new String[] {consumerPrefix(""), restoreConsumerPrefix("")}) {
            properties.put(consumer + ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 10_000);
            properties.put(consumer + ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG, 8 * MIB);
            properties.put(consumer + ConsumerConfig.RECEIVE_BUFFER_CONFIG, MIB);
        }
        properties.put(producerPrefix(ProducerConfig.COMPRESSION_TYPE_CONFIG), "lz4");
        properties.put(producerPrefix(ProducerConfig.LINGER_MS_CONFIG), quick ? 0 : 100);
        properties.put(producerPrefix(ProducerConfig.BATCH_SIZE_CONFIG), quick ? MIB / 8 : MIB / 2);
        properties.put(producerPrefix(ProducerConfig.BUFFER_MEMORY_CONFIG), 128L * MIB);
        return properties;
    }
}
