#include "web/password_checker.h"

#include "broker/clock.h"
#include "broker/sync.h"
#include "web/client_address.h"
#include "web/password.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define THREADS 2u
/* Streams come first. */
#define NICENESS 10
#define STACK_BYTES ((size_t)256 << 10)
#define JOBS_MAX 8u
/* Each holds one of civetweb's workers, of which 32 are not for streams. */
#define ASKING_MAX 24u
#define REMEMBERED_MAX 256u
#define REMEMBERED_FOR_NS (60 * NS_PER_S)
#define DIGEST_BYTES 32

/* Stands for an address, a hash and a password. */
struct question {
    unsigned char digest[DIGEST_BYTES];
};

struct memory {
    struct question question;
    int64_t until_ns; /* 0: empty */
};

/* One check, and whoever waits for it. */
struct job {
    struct job *next; /* of all jobs that are not done */
    struct question question;
    char owner[ADDRESS_TEXT_BYTES]; /* see client_address_owner() */
    const char *hash, *password;    /* of the first who asked, who waits until it is done */
    unsigned asking;
    bool is_taken, is_done;
    enum err error;
    bool matches;
};

struct password_checker {
    unsigned char key[crypto_generichash_KEYBYTES];
    struct lock lock;
    pthread_t threads[THREADS] GUARDED_BY(lock);
    unsigned thread_count GUARDED_BY(lock); /* started when they are first needed */
    struct condition job_arrived, job_done;
    struct job *jobs GUARDED_BY(lock); /* the oldest first */
    unsigned job_count GUARDED_BY(lock);
    unsigned asking GUARDED_BY(lock);
    bool stop GUARDED_BY(lock);
    struct memory memories[REMEMBERED_MAX] GUARDED_BY(lock);
};

/* The key is this process's own, so that what is remembered is worth nothing elsewhere. */
static struct question question_of(const struct password_checker *checker, const char *address, const char *hash,
                                   const char *password) {
    struct question question;
    crypto_generichash_state state;
    crypto_generichash_init(&state, checker->key, sizeof checker->key, sizeof question.digest);
    crypto_generichash_update(&state, (const unsigned char *)address, strlen(address) + 1);
    crypto_generichash_update(&state, (const unsigned char *)hash, strlen(hash) + 1);
    crypto_generichash_update(&state, (const unsigned char *)password, strlen(password));
    crypto_generichash_final(&state, question.digest, sizeof question.digest);
    return question;
}

static bool is_same(const struct question *a, const struct question *b) {
    return sodium_memcmp(a->digest, b->digest, sizeof a->digest) == 0;
}

/* ---- What was right ---- */

static bool remembers_locked(struct password_checker *checker, const struct question *question)
    REQUIRES(&checker->lock) {
    int64_t now_ns = clock_monotonic_ns();
    for (size_t i = 0; i < REMEMBERED_MAX; i++) {
        struct memory *memory = &checker->memories[i];
        if (memory->until_ns > now_ns && is_same(&memory->question, question)) {
            memory->until_ns = now_ns + REMEMBERED_FOR_NS;
            return true;
        }
    }
    return false;
}

/* In place of the one that was asked longest ago. */
static void remember_locked(struct password_checker *checker, const struct question *question)
    REQUIRES(&checker->lock) {
    struct memory *oldest = &checker->memories[0];
    for (size_t i = 1; i < REMEMBERED_MAX; i++) {
        if (checker->memories[i].until_ns < oldest->until_ns) {
            oldest = &checker->memories[i];
        }
    }
    *oldest = (struct memory){.question = *question, .until_ns = clock_monotonic_ns() + REMEMBERED_FOR_NS};
}

/* ---- Checking ---- */

/* The first that nobody has taken. NULL when it is time to stop. */
static struct job *await_job_locked(struct password_checker *checker) REQUIRES(&checker->lock) {
    while (!checker->stop) {
        for (struct job *job = checker->jobs; job != NULL; job = job->next) {
            if (!job->is_taken) {
                job->is_taken = true;
                return job;
            }
        }
        condition_wait(&checker->job_arrived, &checker->lock);
    }
    return NULL;
}

static void remove_job_locked(struct password_checker *checker, const struct job *job) REQUIRES(&checker->lock) {
    struct job **link = &checker->jobs;
    while (*link != job) {
        link = &(*link)->next;
    }
    *link = job->next;
    checker->job_count--;
}

static void *run(void *argument) {
    struct password_checker *checker = argument;
    int refused = setpriority(PRIO_PROCESS, 0, NICENESS); /* on Linux, of this thread alone */
    (void)refused;
    lock_acquire(&checker->lock);
    struct job *job;
    while ((job = await_job_locked(checker)) != NULL) {
        lock_release(&checker->lock);
        bool matches = false;
        enum err error = password_check(job->hash, job->password, &matches);
        lock_acquire(&checker->lock);
        job->error = error;
        job->matches = matches;
        job->is_done = true;
        remove_job_locked(checker, job);
        if (matches) {
            remember_locked(checker, &job->question);
        }
        condition_broadcast(&checker->job_done);
    }
    lock_release(&checker->lock);
    return NULL;
}

/* ---- Asking ---- */

static struct job *find_job_locked(struct password_checker *checker, const struct question *question)
    REQUIRES(&checker->lock) {
    struct job *job = checker->jobs;
    while (job != NULL && !is_same(&job->question, question)) {
        job = job->next;
    }
    return job;
}

static unsigned count_jobs_locked(struct password_checker *checker, const char *owner) REQUIRES(&checker->lock) {
    unsigned count = 0;
    for (const struct job *job = checker->jobs; job != NULL; job = job->next) {
        count += strcmp(job->owner, owner) == 0;
    }
    return count;
}

/* ERR_BUSY: there is not even one. */
static enum err start_threads_locked(struct password_checker *checker) REQUIRES(&checker->lock) {
    enum err error = ERR_OK;
    while (error == ERR_OK && checker->thread_count < THREADS) {
        error = thread_start(&checker->threads[checker->thread_count], "password", STACK_BYTES, run, checker);
        checker->thread_count += error == ERR_OK;
    }
    return checker->thread_count > 0 ? ERR_OK : ERR_BUSY;
}

/* At the end of the list. ERR_BUSY, ERR_MEMORY. */
static enum err add_job_locked(struct password_checker *checker, const struct job *settings, unsigned most,
                               struct job **out) REQUIRES(&checker->lock) {
    if (checker->job_count == JOBS_MAX || count_jobs_locked(checker, settings->owner) >= most ||
        start_threads_locked(checker) != ERR_OK) {
        return ERR_BUSY;
    }
    struct job *job = malloc(sizeof *job);
    if (job == NULL) {
        return ERR_MEMORY;
    }
    *job = *settings;
    struct job **link = &checker->jobs;
    while (*link != NULL) {
        link = &(*link)->next;
    }
    *link = job;
    checker->job_count++;
    condition_signal(&checker->job_arrived);
    *out = job;
    return ERR_OK;
}

/* The last one who waited for it frees it. */
static enum err await_answer_locked(struct password_checker *checker, struct job *job, bool *matches)
    REQUIRES(&checker->lock) {
    job->asking++;
    checker->asking++;
    while (!job->is_done) {
        condition_wait(&checker->job_done, &checker->lock);
    }
    checker->asking--;
    job->asking--;
    enum err error = job->error;
    *matches = job->matches;
    if (job->asking == 0) {
        free(job);
    }
    return error;
}

enum err password_checker_ask(struct password_checker *checker, const char *address, const char *hash,
                              const char *password, unsigned most, bool *matches) {
    struct job settings = {
        .question = question_of(checker, address, hash, password), .hash = hash, .password = password};
    client_address_owner(address, settings.owner);
    enum err error = ERR_OK;
    lock_acquire(&checker->lock);
    if (remembers_locked(checker, &settings.question)) {
        *matches = true;
        goto out;
    }
    if (checker->asking == ASKING_MAX) {
        error = ERR_BUSY;
        goto out;
    }
    struct job *job = find_job_locked(checker, &settings.question);
    if (job == NULL) {
        error = add_job_locked(checker, &settings, most, &job);
    }
    if (error == ERR_OK) {
        error = await_answer_locked(checker, job, matches);
    }
out:
    lock_release(&checker->lock);
    return error;
}

bool password_checker_knows(struct password_checker *checker, const char *address, const char *hash,
                            const char *password) {
    const struct question question = question_of(checker, address, hash, password);
    lock_acquire(&checker->lock);
    bool knows = remembers_locked(checker, &question);
    lock_release(&checker->lock);
    return knows;
}

/* ---- Lifecycle ---- */

enum err password_checker_create(struct password_checker **out) {
    struct password_checker *checker = calloc(1, sizeof *checker);
    if (checker == NULL) {
        return ERR_MEMORY;
    }
    randombytes_buf(checker->key, sizeof checker->key);
    lock_init(&checker->lock);
    condition_init(&checker->job_arrived);
    condition_init(&checker->job_done);
    *out = checker;
    return ERR_OK;
}

void password_checker_destroy(struct password_checker **checker_pointer) {
    struct password_checker *checker = *checker_pointer;
    *checker_pointer = NULL;
    if (checker == NULL) {
        return;
    }
    lock_acquire(&checker->lock);
    checker->stop = true;
    condition_broadcast(&checker->job_arrived);
    lock_release(&checker->lock);
    for (unsigned i = 0; i < checker->thread_count; i++) {
        pthread_join(checker->threads[i], NULL);
    }
    condition_finish(&checker->job_done);
    condition_finish(&checker->job_arrived);
    lock_finish(&checker->lock);
    free(checker);
}
