package giftstream.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple5;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * A gift as it travels from source to counting: stream, sender (empty if anonymous), minute, value, sends.
 *
 * <p>A tuple, because Flink's serialiser of tuples is its fastest, made by the source itself, so that no raw JSON is
 * handed from operator to operator; one tuple is used again and again, which object reuse allows.
 */
final class Gift implements KafkaRecordDeserializationSchema<Tuple5<String, String, Long, Long, Long>> {
    private static final long MINUTE_MS = 60_000;

    private transient GiftReader reader;
    private transient Tuple5<String, String, Long, Long, Long> gift;

    @Override
    public void deserialize(ConsumerRecord<byte[], byte[]> record,
            Collector<Tuple5<String, String, Long, Long, Long>> out) throws IOException {
        if (reader == null) {
            reader = new GiftReader(false);
            gift = new Tuple5<>();
        }
        reader.read(record.value());
        gift.f0 = new String(record.key(), StandardCharsets.ISO_8859_1);
        gift.f1 = reader.senderId == null ? "" : reader.senderId;
        gift.f2 = Math.floorDiv(reader.eventTimeMs, MINUTE_MS) * MINUTE_MS;
        gift.f3 = reader.unitValue * reader.quantity;
        gift.f4 = reader.quantity;
        out.collect(gift);
    }

    @Override
    public TypeInformation<Tuple5<String, String, Long, Long, Long>> getProducedType() {
        return Types.TUPLE(Types.STRING, Types.STRING, Types.LONG, Types.LONG, Types.LONG);
    }
}
