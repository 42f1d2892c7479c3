import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A set of integers kept as disjoint half-open intervals. */
public final class IntervalSet {
    private final TreeMap<Integer, Integer> endByStart = new TreeMap<>();

    public void add(int start, int end) {
        if (start >= end) {
            throw new IllegalArgumentException("empty interval: " + start + ".." + end);
        }
        Map.Entry<Integer, Integer> before = endByStart.floorEntry(start);
        if (before != null && before.getValue() >= start) {
            start = before.getKey();
            end = Math.max(end, before.getValue());
        }
        Map.Entry<Integer, Integer> next = endByStart.ceilingEntry(start);
        while (next != null && next.getKey() <= end) {
            end = Math.max(end, next.getValue());
            endByStart.remove(next.getKey());
            next = endByStart.ceilingEntry(start);
        }
        endByStart.put(start, end);
    }

    public boolean contains(int value) {
        Map.Entry<Integer, Integer> entry = endByStart.floorEntry(value);
        return entry != null && value < entry.getValue();
    }

    public int size() {
        int total = 0;
        for (Map.Entry<Integer, Integer> entry : endByStart.entrySet()) {
            total += entry.getValue() - entry.getKey();
        }
        return total;
    }

    public List<int[]> intervals() {
        List<int[]> result = new ArrayList<>();
        for (Map.Entry<Integer, Integer> entry : endByStart.entrySet()) {
            result.add(new int[] {entry.getKey(), entry.getValue()});
        }
        return Collections.unmodifiableList(result);
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("{");
        for (int[] interval : intervals()) {
            if (text.length() > 1) {
                text.append(", ");
            }
            text.append('[').append(interval[0]).append(", ").append(interval[1]).append(')');
        }
        return text.append('}').toString();
    }
}
