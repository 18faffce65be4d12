/*
 * Scores the candidates of a request with the light net of a model version, from a folder that `rocket models pull` wrote.
 *
 * A function returns a status; the reason for one that is not ROCKET_SERVING_OK is in rocket_serving_last_error(). No
 * argument ends the process: pointers may be NULL where that is said and are refused elsewhere, lengths are checked, texts
 * must be UTF-8, and a number that belongs to no open model is refused, also one that was closed.
 *
 * All functions may be called from any thread, and any number of threads may score with one model at once: the library
 * keeps a scorer for each call that runs at the same time. The last error is the calling thread's own. Calls start no
 * threads, and leave the caller's number of OpenMP threads as it was.
 */
#ifndef ROCKET_SERVING_H
#define ROCKET_SERVING_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The interface that this header describes. A later one has all of it. */
#define ROCKET_SERVING_INTERFACE 1

/* Returns the interface of the library that is loaded. */
uint32_t rocket_serving_interface(void);

typedef int32_t rocket_serving_status;
enum {
    ROCKET_SERVING_OK = 0,
    /* An argument is wrong: NULL, a length, a text that is not UTF-8, an unknown flag, a model that is not open. */
    ROCKET_SERVING_ARGUMENT = 1,
    /* The folder holds no model that can be served. */
    ROCKET_SERVING_MODEL = 2,
    /* The request cannot be read, or has too many candidates, so none has a probability. */
    ROCKET_SERVING_REQUEST = 3,
    /*
     * Some candidates have no probability: theirs is NaN, and the last error is the first one's. The others have theirs.
     * Only this status comes with NaN.
     */
    ROCKET_SERVING_CANDIDATES = 4,
    /* There is less room than candidates: none was scored, and nothing was written but their count. */
    ROCKET_SERVING_ROOM = 5
};

/* The most candidates of one call. */
#define ROCKET_SERVING_MOST_CANDIDATES 1048576

/* Flags of rocket_serving_open. */
enum {
    /* Ignores names that are no column of the model, and scores candidates without any known column. */
    ROCKET_SERVING_ALLOW_UNKNOWN = 1,
    /* Multiplies in bf16, on CPUs that have it; probabilities differ in about the third digit. */
    ROCKET_SERVING_BF16 = 2
};

/* Which columns: those of the request, which its candidates share, or those of each candidate. */
enum { ROCKET_SERVING_REQUEST_COLUMNS = 0, ROCKET_SERVING_CANDIDATE_COLUMNS = 1 };

/* An open model; 0 is none. */
typedef uint64_t rocket_serving_model;

/*
 * Reads a folder, or what a link leads to, and gives the model a number.
 *
 * request_columns   names of the columns that all candidates of a request share, so that they are computed once; NULL
 *                   with a count of 0: every candidate has all columns
 * flags             ROCKET_SERVING_… of the flags above, or 0
 */
rocket_serving_status rocket_serving_open(
    const char *folder, const char *const *request_columns, size_t request_column_count, uint32_t flags,
    rocket_serving_model *model);

/*
 * Closes a model. Calls that score with it meanwhile finish, and the last of them frees it; names and texts that it
 * returned are no longer valid.
 */
rocket_serving_status rocket_serving_close(rocket_serving_model model);

/* Writes the number of columns of a kind. */
rocket_serving_status rocket_serving_column_count(rocket_serving_model model, int32_t kind, size_t *count);

/* Returns a column's name, valid until the model is closed; NULL on an error. */
const char *rocket_serving_column(rocket_serving_model model, int32_t kind, size_t index);

/*
 * Returns what the model is, as a JSON object valid until the model is closed; NULL on an error. Its members: model,
 * version, trained_from, trained_to, history_as_of; null where the folder does not say.
 */
const char *rocket_serving_about(rocket_serving_model model);

/*
 * Scores a request in JSON: {"request": {values by column}, "candidates": [{values by column}, …]}.
 *
 * json, bytes     UTF-8; no NUL is needed at its end
 * probabilities   room for as many as there are candidates; NULL with a room of 0 to learn their count
 * room            the number of floats there; no more candidates are kept in memory than that
 * count           receives the number of candidates, also where there is less room than that, and 0 where the request
 *                 cannot be read; may be NULL
 */
rocket_serving_status rocket_serving_score_json(
    rocket_serving_model model, const char *json, size_t bytes, float *probabilities, size_t room, size_t *count);

/*
 * Scores columns of texts. A text is the value as the log's text has it, a list is a JSON array of its values, and NULL is
 * a missing value.
 *
 * request           a text per request column, in their order; NULL if there are none
 * request_count     the number of request columns
 * candidates        texts column by column, in the columns' order: those of all candidates of the first column, then those
 *                   of the second. Candidate r's value of column c is candidates[c * candidate_count + r]
 * text_count        the number of texts in candidates: columns times candidate_count
 * probabilities     room for candidate_count of them
 */
rocket_serving_status rocket_serving_score_texts(
    rocket_serving_model model, const char *const *request, size_t request_count, const char *const *candidates,
    size_t text_count, float *probabilities, size_t candidate_count);

/* Returns the reason of this thread's newest error, valid until its next call of a function here; "" before the first. */
const char *rocket_serving_last_error(void);

#ifdef __cplusplus
}
#endif

#endif
