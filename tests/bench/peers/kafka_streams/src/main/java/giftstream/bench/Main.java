package giftstream.bench;

import java.time.Duration;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/**
 * Kafka Streams in the benchmark: the Processor API, stores in memory or in RocksDB, changelogs on.
 *
 * <p>Tuned: JSON read by a streaming parser, and only as far as needed; binary keys and values; caching on, so that a
 * row goes to changelog and result once a commit; see Settings and RocksSettings for the rest.
 */
public final class Main {
    private Main() {
    }

    public static void main(String[] arguments) {
        Options options = Options.parse(arguments);
        Restoring restoring = new Restoring();
        KafkaStreams streams = new KafkaStreams(topology(options), Settings.of(options));
        streams.setGlobalStateRestoreListener(restoring);
        streams.setUncaughtExceptionHandler(error -> {
            error.printStackTrace();
            return StreamThreadExceptionResponse.SHUTDOWN_APPLICATION;
        });
        streams.setStateListener((now, before) -> {
            if (now == KafkaStreams.State.RUNNING) {
                restoring.tell();
                System.out.println("ready");
            } else if (now == KafkaStreams.State.ERROR) {
                Runtime.getRuntime().halt(1);
            }
        });
        Runtime.getRuntime().addShutdownHook(new Thread(() -> streams.close(Duration.ofSeconds(8))));
        streams.start();
    }

    private static Topology topology(Options options) {
        boolean inMemory = options.text("store", "memory").equals("memory");
        Topology topology = new Topology();
        topology.addSource("gifts", Serdes.ByteArray().deserializer(), Serdes.ByteArray().deserializer(),
            options.text("source"));
        topology.addProcessor("counting", () -> new Counting(options), "gifts");
        topology.addStateStore(rows(Counting.TOTALS, inMemory), "counting");
        if (options.gifters()) {
            topology.addStateStore(rows(Counting.GIFTERS, inMemory), "counting");
        }
        if (options.dedup()) {
            topology.addStateStore(Seen.builder(inMemory), "counting");
        }
        topology.addSink("rows", options.text("out"), Serdes.Bytes().serializer(), Serdes.ByteArray().serializer(),
            "counting");
        return topology;
    }

    private static StoreBuilder<KeyValueStore<Bytes, long[]>> rows(String name, boolean inMemory) {
        var supplier = inMemory ? Stores.inMemoryKeyValueStore(name) : Stores.persistentKeyValueStore(name);
        return Stores.keyValueStoreBuilder(supplier, Serdes.Bytes(), Sums.serde()).withCachingEnabled();
    }
}
