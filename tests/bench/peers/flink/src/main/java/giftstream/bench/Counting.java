package giftstream.bench;

import java.io.Serializable;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.typeutils.base.StringSerializer;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.api.java.tuple.Tuple5;
import org.apache.flink.runtime.state.internal.InternalValueState;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;

/**
 * Adds each gift to its rows, and gives out the rows that changed right before each checkpoint.
 *
 * <p>Keyed by stream; the row (its minute, or its sender) is the state's namespace, as a window is in Flink's window
 * operator, so that a checkpoint copies single rows and not the map of a whole stream. As in the mini-batches of Flink
 * SQL, what changes between two checkpoints changes in a plain map; state is read at a row's first change and written
 * before the barrier. So nothing of it can be lost: map and rows are out before the checkpoint is taken.
 */
final class Counting extends AbstractStreamOperator<Tuple2<byte[], byte[]>>
        implements OneInputStreamOperator<Tuple5<String, String, Long, Long, Long>, Tuple2<byte[], byte[]>> {
    private static final AtomicBoolean TOLD = new AtomicBoolean();

    private final boolean gifters;
    private transient InternalValueState<String, String, long[]> state;
    private transient Map<RowKey, long[]> changed;
    private transient StreamRecord<Tuple2<byte[], byte[]>> row;

    /** A row of a stream: its minute's start, or a sender. */
    record RowKey(String stream, String row) implements Serializable {
        @Override
        public int hashCode() {
            return 31 * stream.hashCode() + row.hashCode();
        }
    }

    Counting(boolean gifters) {
        this.gifters = gifters;
    }

    @Override
    @SuppressWarnings("unchecked")
    public void open() throws Exception {
        super.open();
        state = (InternalValueState<String, String, long[]>) this.<String, ValueState<long[]>, long[]>
            getOrCreateKeyedState(StringSerializer.INSTANCE, Rows.DESCRIPTOR);
        changed = new HashMap<>(1 << 16);
        row = new StreamRecord<>(new Tuple2<>());
        if (TOLD.compareAndSet(false, true)) {
            System.out.println("ready");
        }
    }

    @Override
    public void processElement(StreamRecord<Tuple5<String, String, Long, Long, Long>> element) throws Exception {
        Tuple5<String, String, Long, Long, Long> gift = element.getValue();
        long[] total = sums(new RowKey(gift.f0, Long.toString(gift.f2)), 2);
        total[0] += gift.f3;
        total[1] += gift.f4;
        if (gifters && !gift.f1.isEmpty()) {
            sums(new RowKey(gift.f0, gift.f1), 1)[0] += gift.f3;
        }
    }

    /** Returns the sums of a row of the current stream; they are the map's own. */
    private long[] sums(RowKey key, int size) throws Exception {
        long[] sums = changed.get(key);
        if (sums == null) {
            state.setCurrentNamespace(key.row);
            long[] before = state.value();
            sums = before == null ? new long[size] : before.clone();
            changed.put(key, sums);
        }
        return sums;
    }

    @Override
    public void prepareSnapshotPreBarrier(long checkpointId) throws Exception {
        for (Map.Entry<RowKey, long[]> entry : changed.entrySet()) {
            RowKey key = entry.getKey();
            setCurrentKey(key.stream);
            state.setCurrentNamespace(key.row);
            state.update(entry.getValue());
            row.getValue().f0 = Rows.key(key.stream, key.row);
            row.getValue().f1 = Rows.json(entry.getValue());
            output.collect(row);
        }
        changed.clear();
    }
}
