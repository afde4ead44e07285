package giftstream.bench;

import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.api.java.tuple.Tuple5;
import org.apache.flink.connector.base.DeliveryGuarantee;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * Flink in the benchmark: DataStream, two parallel subtasks in one JVM, keyed state on the heap or in RocksDB.
 *
 * <p>Tuned: JSON read by a streaming parser in the source; one shuffle, of tuples; rows given out once a checkpoint;
 * see Settings and Counting for the rest.
 */
public final class Main {
    private static final int PARALLEL = 2;

    private Main() {
    }

    public static void main(String[] arguments) throws Exception {
        Options options = Options.parse(arguments);
        StreamExecutionEnvironment flink =
            StreamExecutionEnvironment.createLocalEnvironment(PARALLEL, Settings.cluster(options));
        flink.fromSource(source(options), WatermarkStrategy.noWatermarks(), "gifts")
            .keyBy(gift -> gift.f0, Types.STRING)
            .transform("counting",
                Types.TUPLE(PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO,
                    PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO),
                new Counting(options.gifters()))
            .sinkTo(sink(options));
        flink.execute(options.text("app-id"));
    }

    private static KafkaSource<Tuple5<String, String, Long, Long, Long>> source(Options options) {
        return KafkaSource.<Tuple5<String, String, Long, Long, Long>>builder()
            .setBootstrapServers(options.text("broker"))
            .setTopics(options.text("source"))
            .setGroupId(options.text("app-id"))
            .setStartingOffsets(OffsetsInitializer.earliest())
            .setProperties(Settings.consumer())
            .setDeserializer(new Gift())
            .build();
    }

    private static KafkaSink<Tuple2<byte[], byte[]>> sink(Options options) {
        String out = options.text("out");
        return KafkaSink.<Tuple2<byte[], byte[]>>builder()
            .setBootstrapServers(options.text("broker"))
            .setKafkaProducerConfig(Settings.producer())
            .setDeliveryGuarantee(DeliveryGuarantee.AT_LEAST_ONCE)
            .setRecordSerializer((row, context, time) -> new ProducerRecord<>(out, row.f0, row.f1))
            .build();
    }
}
