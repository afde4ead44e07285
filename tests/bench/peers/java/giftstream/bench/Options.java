package giftstream.bench;

import java.util.HashMap;
import java.util.Map;

/**
 * What the harness asks for: `--name value` pairs (see tests/bench/peers/README.md).
 */
record Options(Map<String, String> named) {

    static Options parse(String[] arguments) {
        Map<String, String> named = new HashMap<>();
        for (int at = 0; at + 1 < arguments.length; at += 2) {
            named.put(arguments[at].substring(2), arguments[at + 1]);
        }
        return new Options(named);
    }

    String text(String name) {
        String value = named.get(name);
        if (value == null) {
            throw new IllegalArgumentException("--" + name + " is missing");
        }
        return value;
    }

    String text(String name, String otherwise) {
        return named.getOrDefault(name, otherwise);
    }

    int number(String name, int otherwise) {
        String value = named.get(name);
        return value == null ? otherwise : Integer.parseInt(value);
    }

    boolean gifters() {
        return !text("job").equals("totals");
    }

    boolean dedup() {
        return text("job").equals("gifters-dedup");
    }
}
