#include "web/access/password_checker.h"

#include "broker/base/clock.h"
#include "broker/base/sync.h"
#include "web/access/password.h"
#include "web/http/client_address.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/resource.h>

#define THREADS 2u
/* Streams come first. */
#define NICENESS 10
#define STACK_BYTES ((size_t)256 << 10)
/* Requests that wait, by the standing of their address and those below it. Each holds one of civetweb's workers, of
 * which 32 are not for streams. */
static const unsigned waiting_max[] = {[STANDING_FAILING] = 12, [STANDING_NEW] = 20, [STANDING_KNOWN] = 24};

#define REMEMBERED_MAX 256u
#define REMEMBERED_FOR_NS (60 * NS_PER_S)
#define DIGEST_BYTES 32

/* Stands for an address, a hash and a password. */
struct question_digest {
    unsigned char bytes[DIGEST_BYTES];
};

struct memory {
    struct question_digest question;
    int64_t until_ns; /* 0: empty */
};

/* One check, and the requests that wait for it. */
struct job {
    TAILQ_ENTRY(job) in_checker; /* until it is done */
    struct question_digest question;
    char owner[ADDRESS_TEXT_BYTES]; /* see client_address_owner() */
    const char *hash, *password;    /* of the first request, which waits until it is done */
    enum login_standing standing;
    unsigned waiting;
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
    TAILQ_HEAD(, job) jobs GUARDED_BY(lock); /* the oldest first */
    unsigned waiting GUARDED_BY(lock);
    bool stop GUARDED_BY(lock);
    struct memory memories[REMEMBERED_MAX] GUARDED_BY(lock);
};

/* The key is this process's own, so that what is remembered is worth nothing elsewhere. */
static struct question_digest digest_of(const struct password_checker *checker,
                                        const struct password_question *question) {
    struct question_digest digest;
    crypto_generichash_state state;
    crypto_generichash_init(&state, checker->key, sizeof checker->key, sizeof digest.bytes);
    crypto_generichash_update(&state, (const unsigned char *)question->address, strlen(question->address) + 1);
    crypto_generichash_update(&state, (const unsigned char *)question->hash, strlen(question->hash) + 1);
    crypto_generichash_update(&state, (const unsigned char *)question->password, strlen(question->password));
    crypto_generichash_final(&state, digest.bytes, sizeof digest.bytes);
    return digest;
}

static bool digests_match(const struct question_digest *a, const struct question_digest *b) {
    return sodium_memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

/* ---- What was right ---- */

static bool remembers_locked(struct password_checker *checker, const struct question_digest *question)
    REQUIRES(&checker->lock) {
    int64_t now_ns = clock_monotonic_ns();
    for (size_t i = 0; i < REMEMBERED_MAX; i++) {
        struct memory *memory = &checker->memories[i];
        if (memory->until_ns > now_ns && digests_match(&memory->question, question)) {
            memory->until_ns = now_ns + REMEMBERED_FOR_NS;
            return true;
        }
    }
    return false;
}

/* In place of the one that was asked longest ago. */
static void remember_locked(struct password_checker *checker, const struct question_digest *question)
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

/* The oldest of the best standing. NULL when it is time to stop. */
static struct job *await_job_locked(struct password_checker *checker) REQUIRES(&checker->lock) {
    while (!checker->stop) {
        struct job *best = NULL, *job;
        TAILQ_FOREACH(job, &checker->jobs, in_checker) {
            if (!job->is_taken && (best == NULL || job->standing > best->standing)) {
                best = job;
            }
        }
        if (best != NULL) {
            best->is_taken = true;
            return best;
        }
        condition_wait(&checker->job_arrived, &checker->lock);
    }
    return NULL;
}

static void *check_passwords(void *argument) {
    struct password_checker *checker = argument;
    /* On Linux, of this thread alone. */
    int refused = setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + NICENESS);
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
        TAILQ_REMOVE(&checker->jobs, job, in_checker);
        if (matches) {
            remember_locked(checker, &job->question);
        }
        condition_broadcast(&checker->job_done);
    }
    lock_release(&checker->lock);
    return NULL;
}

/* ---- Asking ---- */

static struct job *find_job_locked(struct password_checker *checker, const struct question_digest *question)
    REQUIRES(&checker->lock) {
    struct job *job;
    TAILQ_FOREACH(job, &checker->jobs, in_checker) {
        if (digests_match(&job->question, question)) {
            break;
        }
    }
    return job;
}

static unsigned count_jobs_locked(struct password_checker *checker, const char *owner) REQUIRES(&checker->lock) {
    unsigned count = 0;
    const struct job *job;
    TAILQ_FOREACH(job, &checker->jobs, in_checker) { count += strcmp(job->owner, owner) == 0; }
    return count;
}

/* ERR_BUSY: there is not even one. */
static enum err start_threads_locked(struct password_checker *checker) REQUIRES(&checker->lock) {
    enum err error = ERR_OK;
    while (error == ERR_OK && checker->thread_count < THREADS) {
        error =
            thread_start(&checker->threads[checker->thread_count], "password", STACK_BYTES, check_passwords, checker);
        checker->thread_count += error == ERR_OK;
    }
    return checker->thread_count > 0 ? ERR_OK : ERR_BUSY;
}

/* At the end of the list. ERR_BUSY, ERR_MEMORY. */
static enum err add_job_locked(struct password_checker *checker, const struct job *settings, unsigned max_concurrent,
                               struct job **out) REQUIRES(&checker->lock) {
    if (count_jobs_locked(checker, settings->owner) >= max_concurrent || start_threads_locked(checker) != ERR_OK) {
        return ERR_BUSY;
    }
    struct job *job = malloc(sizeof *job);
    if (job == NULL) {
        return ERR_MEMORY;
    }
    *job = *settings;
    TAILQ_INSERT_TAIL(&checker->jobs, job, in_checker);
    condition_signal(&checker->job_arrived);
    *out = job;
    return ERR_OK;
}

/* The last request that waited for it frees it. */
static enum err await_answer_locked(struct password_checker *checker, struct job *job, bool *matches)
    REQUIRES(&checker->lock) {
    job->waiting++;
    checker->waiting++;
    while (!job->is_done) {
        condition_wait(&checker->job_done, &checker->lock);
    }
    checker->waiting--;
    job->waiting--;
    enum err error = job->error;
    *matches = job->matches;
    if (job->waiting == 0) {
        free(job);
    }
    return error;
}

enum err password_checker_ask(struct password_checker *checker, const struct password_question *question,
                              bool *matches) {
    struct job settings = {.question = digest_of(checker, question),
                           .hash = question->hash,
                           .password = question->password,
                           .standing = question->standing};
    client_address_owner(question->address, settings.owner);
    enum err error = ERR_OK;
    lock_acquire(&checker->lock);
    if (remembers_locked(checker, &settings.question)) {
        *matches = true;
        goto out;
    }
    if (checker->waiting >= waiting_max[question->standing]) {
        error = ERR_BUSY;
        goto out;
    }
    struct job *job = find_job_locked(checker, &settings.question);
    if (job == NULL) {
        error = add_job_locked(checker, &settings, question->max_concurrent, &job);
    }
    if (error == ERR_OK) {
        error = await_answer_locked(checker, job, matches);
    }
out:
    lock_release(&checker->lock);
    return error;
}

/* ---- Lifecycle ---- */

enum err password_checker_create(struct password_checker **out) {
    struct password_checker *checker = calloc(1, sizeof *checker);
    if (checker == NULL) {
        return ERR_MEMORY;
    }
    randombytes_buf(checker->key, sizeof checker->key);
    TAILQ_INIT(&checker->jobs);
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
