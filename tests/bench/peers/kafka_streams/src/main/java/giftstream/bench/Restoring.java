package giftstream.bench;

import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.streams.processor.StateRestoreListener;

/**
 * Counts the rows that come back from the changelogs, and tells how long it took once all are back.
 */
final class Restoring implements StateRestoreListener {
    private long rows;
    private long firstNanos;

    @Override
    public synchronized void onRestoreStart(TopicPartition partition, String store, long from, long to) {
        if (firstNanos == 0) {
            firstNanos = System.nanoTime();
        }
    }

    @Override
    public void onBatchRestored(TopicPartition partition, String store, long end, long batch) {
        // Only the sum is told.
    }

    @Override
    public synchronized void onRestoreEnd(TopicPartition partition, String store, long total) {
        rows += total;
    }

    synchronized void tell() {
        if (rows > 0) {
            System.out.println("restored " + rows + " " + (System.nanoTime() - firstNanos) / 1_000_000);
        }
    }
}
