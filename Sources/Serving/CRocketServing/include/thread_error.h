// The calling thread's newest error. Swift has no variables of a thread.
#ifndef ROCKET_THREAD_ERROR_H
#define ROCKET_THREAD_ERROR_H

// Keeps a copy of a text, cut to the room there is.
void rocket_thread_error_set(const char *text);

#endif
