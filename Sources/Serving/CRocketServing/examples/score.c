/*
 * Scores requests in JSON, one per line of standard input, with a folder that `rocket models pull` wrote.
 *
 *   cc -O2 -o score score.c $(pkg-config --cflags --libs rocket-serving)
 *   echo '{"candidates": [{"ad_id": "ad1", "price": 3.5}]}' | ./score models/current
 *
 * Further arguments name the request's columns. Prints each request's probabilities on one line, nan for candidates that
 * cannot be scored; ends with 1 if there was one, or a request that cannot be read.
 */
#define _POSIX_C_SOURCE 200809L
#include <rocket_serving.h>

#include <stdio.h>
#include <stdlib.h>

static int failed(const char *what) {
    fprintf(stderr, "%s: %s\n", what, rocket_serving_last_error());
    return 1;
}

int main(int count, char **arguments) {
    if (count < 2) {
        fprintf(stderr, "usage: score FOLDER [REQUEST-COLUMN …]\n");
        return 64;
    }
    rocket_serving_model model;
    const char *const *columns = (const char *const *)(arguments + 2);
    if (rocket_serving_open(arguments[1], columns, (size_t)(count - 2), 0, &model) != ROCKET_SERVING_OK) {
        return failed(arguments[1]);
    }
    fprintf(stderr, "%s\n", rocket_serving_about(model));

    enum { ROOM = ROCKET_SERVING_MOST_CANDIDATES };
    float *probabilities = malloc(ROOM * sizeof *probabilities);
    char *line = NULL;
    size_t room = 0;
    ssize_t bytes;
    int result = probabilities == NULL;
    while (probabilities != NULL && (bytes = getline(&line, &room, stdin)) > 0) {
        size_t candidates;
        rocket_serving_status status =
            rocket_serving_score_json(model, line, (size_t)bytes, probabilities, ROOM, &candidates);
        if (status != ROCKET_SERVING_OK) result = failed("request");
        /* Some candidates may have a probability although others have none. */
        if (status != ROCKET_SERVING_OK && status != ROCKET_SERVING_CANDIDATES) continue;
        for (size_t candidate = 0; candidate < candidates; candidate++) {
            printf("%s%.9g", candidate == 0 ? "" : " ", (double)probabilities[candidate]);
        }
        printf("\n");
    }
    free(line);
    free(probabilities);
    if (rocket_serving_close(model) != ROCKET_SERVING_OK) return failed("close");
    return result;
}
