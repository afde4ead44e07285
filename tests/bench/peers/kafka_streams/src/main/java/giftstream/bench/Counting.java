package giftstream.bench;

import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.internals.InternalProcessorContext;
import org.apache.kafka.streams.processor.internals.ProcessorNode;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.internals.CachedStateStore;

/**
 * Adds each gift to its rows. A row is forwarded when the store's cache is flushed, which is at each commit.
 *
 * <p>That is what the DSL's aggregations do, by the same listener; the DSL itself would repartition by the new key.
 */
final class Counting implements Processor<byte[], byte[], Bytes, byte[]> {
    static final String TOTALS = "totals";
    static final String GIFTERS = "gifters";

    private final boolean gifters;
    private final boolean dedup;
    private final GiftReader gift;
    private final Keys keys = new Keys();
    private KeyValueStore<Bytes, long[]> totals;
    private KeyValueStore<Bytes, long[]> bySender;
    private Seen seen;

    Counting(Options options) {
        gifters = options.gifters();
        dedup = options.dedup();
        gift = new GiftReader(dedup);
    }

    @Override
    public void init(ProcessorContext<Bytes, byte[]> context) {
        totals = store(context, TOTALS);
        bySender = gifters ? store(context, GIFTERS) : null;
        seen = dedup ? new Seen(context.getStateStore(Seen.STORE)) : null;
    }

    @SuppressWarnings("unchecked")
    private static KeyValueStore<Bytes, long[]> store(ProcessorContext<Bytes, byte[]> context, String name) {
        KeyValueStore<Bytes, long[]> store = context.getStateStore(name);
        InternalProcessorContext<Bytes, byte[]> inner = (InternalProcessorContext<Bytes, byte[]>) context;
        ProcessorNode<?, ?, ?, ?> node = inner.currentNode();
        ((CachedStateStore<Bytes, long[]>) store).setFlushListener(flushed -> {
            ProcessorNode<?, ?, ?, ?> previous = inner.currentNode();
            inner.setCurrentNode(node);
            try {
                inner.forward(new Record<>(flushed.key(), Sums.json(flushed.value().newValue), flushed.timestamp()));
            } finally {
                inner.setCurrentNode(previous);
            }
        }, false);
        return store;
    }

    @Override
    public void process(Record<byte[], byte[]> record) {
        byte[] stream = record.key();
        gift.read(record.value());
        if (dedup && seen.again(Keys.of(stream, gift.eventId), gift.eventTimeMs)) {
            return;
        }
        long value = gift.unitValue * gift.quantity;
        add(totals, keys.ofMinute(stream, gift.eventTimeMs), value, gift.quantity);
        if (gifters && gift.senderId != null) {
            add(bySender, Keys.of(stream, gift.senderId), value);
        }
    }

    private static void add(KeyValueStore<Bytes, long[]> store, Bytes key, long... more) {
        long[] sums = store.get(key);
        if (sums != null) {
            for (int at = 0; at < more.length; at++) {
                more[at] += sums[at];
            }
        }
        store.put(key, more);
    }
}
