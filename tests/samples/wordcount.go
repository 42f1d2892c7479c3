// Command wordcount prints the most frequent words of its input.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"os"
	"sort"
	"strings"
	"unicode"
)

type entry struct {
	word  string
	count int
}

func countWords(r io.Reader) (map[string]int, error) {
	counts := make(map[string]int)
	scanner := bufio.NewScanner(r)
	scanner.Split(bufio.ScanWords)
	for scanner.Scan() {
		word := strings.ToLower(strings.TrimFunc(scanner.Text(), func(c rune) bool {
			return !unicode.IsLetter(c) && !unicode.IsDigit(c)
		}))
		if word != "" {
			counts[word]++
		}
	}
	return counts, scanner.Err()
}

func mostFrequent(counts map[string]int, limit int) []entry {
	entries := make([]entry, 0, len(counts))
	for word, count := range counts {
		entries = append(entries, entry{word, count})
	}
	sort.Slice(entries, func(i, j int) bool {
		if entries[i].count != entries[j].count {
			return entries[i].count > entries[j].count
		}
		return entries[i].word < entries[j].word
	})
	if len(entries) > limit {
		entries = entries[:limit]
	}
	return entries
}

func main() {
	limit := flag.Int("n", 10, "how many words to print")
	flag.Parse()
	counts, err := countWords(os.Stdin)
	if err != nil {
		fmt.Fprintln(os.Stderr, "wordcount:", err)
		os.Exit(1)
	}
	for _, e := range mostFrequent(counts, *limit) {
		fmt.Printf("%6d %s\n", e.count, e.word)
	}
}
