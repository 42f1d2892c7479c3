/* Splits a line of shell-like text into words, with quotes and escapes. */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct words {
    char **items;
    size_t count;
    size_t capacity;
};

static bool push(struct words *words, const char *start, size_t length)
{
    if (words->count == words->capacity) {
        size_t capacity = words->capacity ? words->capacity * 2 : 8;
        char **grown = realloc(words->items, capacity * sizeof *grown);
        if (grown == NULL)
            return false;
        words->items = grown;
        words->capacity = capacity;
    }
    char *copy = malloc(length + 1);
    if (copy == NULL)
        return false;
    memcpy(copy, start, length);
    copy[length] = '\0';
    words->items[words->count++] = copy;
    return true;
}

void words_free(struct words *words)
{
    for (size_t i = 0; i < words->count; i++)
        free(words->items[i]);
    free(words->items);
    memset(words, 0, sizeof *words);
}

/* Returns false when a quote is not closed or memory runs out. */
bool words_split(struct words *words, const char *line)
{
    char buffer[1024];
    size_t length = 0;
    char quote = 0;
    bool in_word = false;

    for (const char *c = line; *c != '\0'; c++) {
        if (quote != 0) {
            if (*c == quote)
                quote = 0;
            else if (length < sizeof buffer)
                buffer[length++] = *c;
        } else if (*c == '"' || *c == '\'') {
            quote = *c;
            in_word = true;
        } else if (isspace((unsigned char)*c)) {
            if (in_word && !push(words, buffer, length))
                return false;
            length = 0;
            in_word = false;
        } else {
            if (*c == '\\' && c[1] != '\0')
                c++;
            if (length < sizeof buffer)
                buffer[length++] = *c;
            in_word = true;
        }
    }
    if (in_word && !push(words, buffer, length))
        return false;
    return quote == 0;
}

int main(void)
{
    struct words words = {0};
    if (!words_split(&words, "cp 'my file' backup\\ folder"))
        return EXIT_FAILURE;
    for (size_t i = 0; i < words.count; i++)
        printf("%zu: %s\n", i, words.items[i]);
    words_free(&words);
    return EXIT_SUCCESS;
}
