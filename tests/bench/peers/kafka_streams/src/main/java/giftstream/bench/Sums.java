package giftstream.bench;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;

/**
 * What a row counts, {value, sends} or {value}: eight bytes each in stores and changelogs, JSON in the result.
 */
final class Sums {
    private Sums() {
    }

    static Serde<long[]> serde() {
        Serializer<long[]> serializer = (topic, sums) -> {
            if (sums == null) {
                return null;
            }
            ByteBuffer bytes = ByteBuffer.allocate(sums.length * Long.BYTES);
            for (long sum : sums) {
                bytes.putLong(sum);
            }
            return bytes.array();
        };
        Deserializer<long[]> deserializer = (topic, bytes) -> {
            if (bytes == null) {
                return null;
            }
            ByteBuffer buffer = ByteBuffer.wrap(bytes);
            long[] sums = new long[bytes.length / Long.BYTES];
            for (int at = 0; at < sums.length; at++) {
                sums[at] = buffer.getLong();
            }
            return sums;
        };
        return Serdes.serdeFrom(serializer, deserializer);
    }

    static byte[] json(long[] sums) {
        String text = sums.length == 1 ? "{\"value\":" + sums[0] + "}"
            : "{\"value\":" + sums[0] + ",\"sends\":" + sums[1] + "}";
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }
}
