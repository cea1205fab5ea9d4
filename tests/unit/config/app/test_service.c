#include "config/app/service.h"

#include "broker/base/log.h"
#include "tests/topics.h"
#include "tests/unit/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define PATIENCE_US "200000" /* of the manager in these tests: a proof is due every 100 ms */
#define PROOF "WATCHDOG=1\n"

/* A service manager, and the service that it wants to know about. */
struct scene {
    struct broker *broker;
    struct service service;
    bool works;
    sigset_t awaited;
    int manager;
};

static enum err prove(void *user, struct reason *reason) {
    const struct scene *scene = user;
    reason_set(reason, "%s", scene->works ? "" : "broken");
    return scene->works ? ERR_OK : ERR_IO;
}

static int set_up(void **state) {
    static struct scene scene;
    scene.works = true;
    *state = &scene;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "/tmp/framebroker-service-%d", (int)getpid());
    scene.manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(scene.manager, (struct sockaddr *)&address, sizeof address), 0);
    const struct timeval patience = {.tv_sec = PATIENCE_NS / NS_PER_S};
    assert_int_equal(setsockopt(scene.manager, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    setenv("NOTIFY_SOCKET", address.sun_path, 1);
    setenv("WATCHDOG_USEC", PATIENCE_US, 1);

    sigemptyset(&scene.awaited);
    sigaddset(&scene.awaited, SIGUSR1);
    assert_int_equal(pthread_sigmask(SIG_BLOCK, &scene.awaited, NULL), 0);
    struct broker_settings settings = {.workers = 1};
    assert_int_equal(broker_create(&settings, &scene.broker), ERR_OK);
    struct topic_settings topic = {.id = "door", .source = "test", .ring_frames = 2, .on_demand = true};
    assert_int_equal(add_topic(scene.broker, &topic, NULL), ERR_OK);
    return 0;
}

static int tear_down(void **state) {
    struct scene *scene = *state;
    broker_destroy(&scene->broker);
    close(scene->manager);
    const char *path = getenv("NOTIFY_SOCKET");
    if (path != NULL) {
        unlink(path);
    }
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    return 0;
}

static void be_ready(struct scene *scene) { service_ready(&scene->service, scene->broker, prove, scene); }

/* What the manager hears next. */
static const char *hear(struct scene *scene) {
    static char news[512];
    ssize_t received = recv(scene->manager, news, sizeof news - 1, 0);
    assert_true(received > 0);
    news[received] = '\0';
    return news;
}

static bool hears_nothing(struct scene *scene) {
    char byte;
    return recv(scene->manager, &byte, 1, MSG_DONTWAIT) < 0;
}

/* Ends the wait once the manager has heard enough. What came too late for the wait before may be among it. */
struct listening {
    struct scene *scene;
    const char *word; /* that counts; "" for all news */
    int wanted;
    int proofs;
};

static void *listen_and_end(void *argument) {
    struct listening *listening = argument;
    for (int heard = 0; heard < listening->wanted;) {
        const char *news = hear(listening->scene);
        heard += strstr(news, listening->word) != NULL;
        listening->proofs += strstr(news, PROOF) != NULL;
    }
    kill(getpid(), SIGUSR1);
    return NULL;
}

/* Waits as the main thread does, until the manager has heard a word so many times. Returns the proofs that it got. */
static int wait_for_news(struct scene *scene, const char *word, int wanted) {
    struct listening listening = {.scene = scene, .word = word, .wanted = wanted};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, listen_and_end, &listening), 0);
    assert_int_equal(service_wait(&scene->service, &scene->awaited), SIGUSR1);
    pthread_join(thread, NULL);
    return listening.proofs;
}

static void readiness_comes_with_a_status_and_a_proof(void **state) {
    be_ready(*state);
    assert_string_equal(hear(*state), "READY=1\nWATCHDOG=1\nSTATUS=cameras: 1 (1 idle), viewers: 0");
}

static void proofs_come_again_and_again(void **state) {
    be_ready(*state);
    assert_int_equal(wait_for_news(*state, PROOF, 3), 3);
}

static void a_service_that_does_not_work_gives_no_proof(void **state) {
    struct scene *scene = *state;
    be_ready(scene);
    hear(scene);
    scene->works = false;
    assert_int_equal(wait_for_news(scene, "STATUS=The self check fails: broken", 2), 0);
    scene->works = true;
    assert_int_equal(wait_for_news(scene, PROOF, 1), 1);
}

static void without_a_watchdog_the_status_is_told_alone(void **state) {
    struct scene *scene = *state;
    unsetenv("WATCHDOG_USEC");
    scene->works = false; /* would be told if it were asked */
    be_ready(scene);
    assert_string_equal(hear(scene), "READY=1\nSTATUS=cameras: 1 (1 idle), viewers: 0");
}

static void a_reload_is_told_with_its_time(void **state) {
    struct scene *scene = *state;
    be_ready(scene);
    hear(scene);
    int64_t before_us = clock_monotonic_ns() / NS_PER_US;
    service_reloading();
    const char *news = hear(scene);
    static const char expected[] = "RELOADING=1\nMONOTONIC_USEC=";
    assert_memory_equal(news, expected, sizeof expected - 1);
    assert_in_range(strtoll(news + sizeof expected - 1, NULL, 10), before_us, clock_monotonic_ns() / NS_PER_US);
    service_reloaded(&scene->service);
    assert_memory_equal(hear(scene), "READY=1\n", 8);
    service_stopping();
    assert_memory_equal(hear(scene), "STOPPING=1\n", 11);
}

static void without_a_manager_nothing_is_said(void **state) {
    struct scene *scene = *state;
    unlink(getenv("NOTIFY_SOCKET"));
    unsetenv("NOTIFY_SOCKET");
    be_ready(scene);
    service_reloading();
    service_reloaded(&scene->service);
    service_stopping();
    kill(getpid(), SIGUSR1);
    assert_int_equal(service_wait(&scene->service, &scene->awaited), SIGUSR1);
    assert_true(hears_nothing(scene));
}

int main(void) {
    log_set_level(LOG_LEVEL_ERROR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(readiness_comes_with_a_status_and_a_proof, set_up, tear_down),
        cmocka_unit_test_setup_teardown(proofs_come_again_and_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_service_that_does_not_work_gives_no_proof, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_a_watchdog_the_status_is_told_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_reload_is_told_with_its_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_a_manager_nothing_is_said, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
