package giftstream.bench;

import java.nio.charset.StandardCharsets;
import org.apache.kafka.common.utils.Bytes;

/**
 * Keys of rows: the stream's bytes as they came as the record's key, `|`, and what makes the row one of the stream's.
 */
final class Keys {
    private static final long MINUTE_MS = 60_000;

    private byte[] minute = new byte[0];
    private long minuteMs = -1;

    Bytes ofMinute(byte[] stream, long eventTimeMs) {
        long start = Math.floorDiv(eventTimeMs, MINUTE_MS) * MINUTE_MS;
        if (start != minuteMs) {
            minuteMs = start;
            minute = Long.toString(start).getBytes(StandardCharsets.ISO_8859_1);
        }
        return joined(stream, minute);
    }

    static Bytes of(byte[] stream, String id) {
        return joined(stream, id.getBytes(StandardCharsets.ISO_8859_1));
    }

    private static Bytes joined(byte[] stream, byte[] rest) {
        byte[] key = new byte[stream.length + 1 + rest.length];
        System.arraycopy(stream, 0, key, 0, stream.length);
        key[stream.length] = '|';
        System.arraycopy(rest, 0, key, stream.length + 1, rest.length);
        return Bytes.wrap(key);
    }
}
