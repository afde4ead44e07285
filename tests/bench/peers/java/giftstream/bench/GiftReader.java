package giftstream.bench;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;

/**
 * Reads the members of a gift that the jobs need, into its own fields, and stops when it has them.
 *
 * <p>Jackson's streaming parser over the bytes: no tree, no object a gift, the rest of the JSON never looked at.
 */
final class GiftReader {
    private static final int WANTED = 4;

    private final JsonFactory factory = JsonFactory.builder().build();
    private final boolean withEventId;

    String eventId;
    String senderId;
    long unitValue;
    long quantity;
    long eventTimeMs;

    GiftReader(boolean withEventId) {
        this.withEventId = withEventId;
    }

    void read(byte[] json) {
        eventId = null;
        senderId = null;
        int missing = withEventId ? WANTED + 1 : WANTED;
        try (JsonParser parser = factory.createParser(json)) {
            parser.nextToken();
            while (missing > 0 && parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
                parser.nextToken();
                missing -= take(name, parser);
            }
        } catch (IOException error) {
            throw new IllegalArgumentException("not a gift", error);
        }
    }

    private int take(String name, JsonParser parser) throws IOException {
        switch (name) {
            case "sender_id" -> senderId = parser.currentToken() == JsonToken.VALUE_NULL ? null : parser.getText();
            case "unit_value" -> unitValue = parser.getLongValue();
            case "quantity" -> quantity = parser.getLongValue();
            case "event_time_ms" -> eventTimeMs = parser.getLongValue();
            case "event_id" -> {
                if (!withEventId) {
                    return 0;
                }
                eventId = parser.getText();
            }
            default -> {
                return 0;
            }
        }
        return 1;
    }
}
