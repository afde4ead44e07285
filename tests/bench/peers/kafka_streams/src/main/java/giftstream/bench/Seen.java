package giftstream.bench;

import java.time.Duration;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.WindowBytesStoreSupplier;
import org.apache.kafka.streams.state.WindowStore;

/**
 * The ids of ten minutes, in a window store, as the documented deduplication example keeps them.
 *
 * <p>Tuned: the example looks for an id in a range of times; here the windows begin at each ten minutes, so that two
 * point lookups tell. No cache, since no id is written twice; expired windows are dropped whole by the store.
 */
final class Seen {
    static final String STORE = "seen";
    private static final long WITHIN_MS = 600_000;

    private final WindowStore<Bytes, Long> store;

    Seen(WindowStore<Bytes, Long> store) {
        this.store = store;
    }

    static StoreBuilder<WindowStore<Bytes, Long>> builder(boolean inMemory) {
        Duration retention = Duration.ofMillis(3 * WITHIN_MS);
        Duration window = Duration.ofMillis(WITHIN_MS);
        WindowBytesStoreSupplier supplier = inMemory
            ? Stores.inMemoryWindowStore(STORE, retention, window, false)
            : Stores.persistentWindowStore(STORE, retention, window, false);
        return Stores.windowStoreBuilder(supplier, Serdes.Bytes(), Serdes.Long()).withCachingDisabled();
    }

    /** Returns whether the id was there within ten minutes; from now on it is. */
    boolean again(Bytes id, long eventTimeMs) {
        long start = eventTimeMs - eventTimeMs % WITHIN_MS;
        if (near(store.fetch(id, start), eventTimeMs) || near(store.fetch(id, start - WITHIN_MS), eventTimeMs)) {
            return true;
        }
        store.put(id, eventTimeMs, start);
        return false;
    }

    private static boolean near(Long seenMs, long eventTimeMs) {
        return seenMs != null && Math.abs(eventTimeMs - seenMs) <= WITHIN_MS;
    }
}
