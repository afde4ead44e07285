package giftstream.bench;

import java.nio.charset.StandardCharsets;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeutils.base.array.LongPrimitiveArraySerializer;

/**
 * What a row is in state, and how it is written as a result.
 */
final class Rows {
    static final ValueStateDescriptor<long[]> DESCRIPTOR =
        new ValueStateDescriptor<>("rows", LongPrimitiveArraySerializer.INSTANCE);

    private Rows() {
    }

    static byte[] key(String stream, String row) {
        return (stream + '|' + row).getBytes(StandardCharsets.ISO_8859_1);
    }

    static byte[] json(long[] sums) {
        String text = sums.length == 1 ? "{\"value\":" + sums[0] + "}"
            : "{\"value\":" + sums[0] + ",\"sends\":" + sums[1] + "}";
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }
}
