#include "cameras/fleet.h"

#include "cameras/camera.h"

#include <stdlib.h>
#include <string.h>

/* How long the cameras that are stopped by one change may take together. */
#define END_WITHIN_NS (500 * NS_PER_MS)

struct member {
    struct camera_settings settings; /* with a reference to their storage */
    struct topic *topic;             /* a reference */
    struct camera *camera;
    enum fleet_fate fate;  /* in the change that made this list */
    struct member *before; /* what it was in the list before; only while that is being changed */
};

struct members {
    struct member *list;
    size_t count;
};

struct fleet {
    struct camera_means means;
    struct members members; /* in the order of the settings */
    struct camera **late;   /* removed and interrupted, but slow to end; with room for every member */
    size_t late_count;
};

enum err fleet_create(struct broker *broker, struct fleet **out) {
    struct fleet *fleet = calloc(1, sizeof *fleet);
    if (fleet == NULL) {
        return ERR_MEMORY;
    }
    fleet->means = (struct camera_means){.broker = broker, .timing = &camera_usual_timing};
    enum err error = watchdog_create(&fleet->means.watchdog);
    if (error != ERR_OK) {
        free(fleet);
        return error;
    }
    *out = fleet;
    return ERR_OK;
}

static void finish_members(struct members *members) {
    for (size_t i = 0; i < members->count; i++) {
        struct member *member = &members->list[i];
        camera_destroy(&member->camera);
        topic_unref(&member->topic);
        storage_unref(&member->settings.storage);
    }
    free(members->list);
    *members = (struct members){0};
}

static struct member *find_member(const struct members *members, const char *id) {
    for (size_t i = 0; i < members->count; i++) {
        if (strcmp(members->list[i].settings.topic.id, id) == 0) {
            return &members->list[i];
        }
    }
    return NULL;
}

/* ---- The report ---- */

static void note(struct fleet_report *report, const struct member *member, enum fleet_fate fate) {
    struct fleet_entry *entry = &report->entries[report->count++];
    memcpy(entry->id, member->settings.topic.id, sizeof entry->id);
    entry->fate = fate;
}

/* ERR_MEMORY. */
static enum err write_report(const struct members *now, const struct members *next, struct fleet_report *report) {
    *report = (struct fleet_report){.entries = calloc(now->count + next->count + 1, sizeof *report->entries)};
    if (report->entries == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < next->count; i++) {
        note(report, &next->list[i], next->list[i].fate);
    }
    for (size_t i = 0; i < now->count; i++) {
        if (find_member(next, now->list[i].settings.topic.id) == NULL) {
            note(report, &now->list[i], FLEET_REMOVED);
        }
    }
    return ERR_OK;
}

void fleet_report_finish(struct fleet_report *report) {
    free(report->entries);
    *report = (struct fleet_report){0};
}

/* ---- Preparing a change, while nothing that runs is touched ---- */

struct fleet_change {
    struct members next;
    struct topic_list *topics; /* of next */
    struct fleet_report report;
};

static void discard(struct fleet_change **change_pointer) {
    struct fleet_change *change = *change_pointer;
    *change_pointer = NULL;
    if (change != NULL) {
        finish_members(&change->next);
        topic_list_unref(&change->topics);
        fleet_report_finish(&change->report);
        free(change);
    }
}

static enum err prepare_camera(struct fleet *fleet, struct member *member) {
    struct topic_settings *topic = &member->settings.topic;
    const struct driver_ops *driver = driver_find(member->settings.source.type);
    topic->has_controls = driver->controls != NULL;
    enum err error = member->topic == NULL ? broker_create_topic(fleet->means.broker, topic, &member->topic) : ERR_OK;
    if (error == ERR_OK) {
        error = camera_create(&fleet->means, driver, &member->settings, member->topic, &member->camera);
    }
    return error;
}

/* What is unchanged keeps its settings, so that the new ones can go; its camera stays where it is for now. */
static enum err prepare_member(struct fleet *fleet, const struct camera_settings *settings, struct member *member) {
    member->before = find_member(&fleet->members, settings->topic.id);
    if (member->before == NULL) {
        member->fate = FLEET_ADDED;
    } else {
        member->fate = camera_settings_equal(&member->before->settings, settings) ? FLEET_UNCHANGED : FLEET_CHANGED;
        member->topic = topic_ref(member->before->topic);
    }
    member->settings = member->fate == FLEET_UNCHANGED ? member->before->settings : *settings;
    storage_ref(member->settings.storage);
    return member->fate == FLEET_UNCHANGED ? ERR_OK : prepare_camera(fleet, member);
}

static void free_those_that_ended(struct fleet *fleet) {
    size_t kept = 0;
    for (size_t i = 0; i < fleet->late_count; i++) {
        if (camera_await_end(fleet->late[i], 0)) {
            camera_destroy(&fleet->late[i]);
        } else {
            fleet->late[kept++] = fleet->late[i];
        }
    }
    fleet->late_count = kept;
}

static enum err make_room_for_late(struct fleet *fleet) {
    struct camera **grown = realloc(fleet->late, (fleet->late_count + fleet->members.count + 1) * sizeof *grown);
    if (grown == NULL) {
        return ERR_MEMORY;
    }
    fleet->late = grown;
    return ERR_OK;
}

static enum err prepare_members(struct fleet *fleet, const struct camera_settings *settings, size_t count,
                                struct members *next) {
    next->list = calloc(count + 1, sizeof *next->list);
    enum err error = next->list != NULL ? ERR_OK : ERR_MEMORY;
    while (next->count < count && error == ERR_OK) {
        error = prepare_member(fleet, &settings[next->count], &next->list[next->count]);
        next->count++;
    }
    return error;
}

static enum err list_topics(const struct members *members, struct topic_list **list) {
    struct topic **topics = calloc(members->count + 1, sizeof(struct topic *));
    if (topics == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < members->count; i++) {
        topics[i] = members->list[i].topic;
    }
    enum err error = topic_list_create(topics, members->count, list);
    free(topics);
    return error;
}

enum err fleet_prepare(struct fleet *fleet, const struct camera_settings *settings, size_t count,
                       struct fleet_change **out, struct reason *reason) {
    free_those_that_ended(fleet);
    struct fleet_change *change = calloc(1, sizeof *change);
    enum err error = change != NULL ? make_room_for_late(fleet) : ERR_MEMORY;
    if (error == ERR_OK) {
        error = prepare_members(fleet, settings, count, &change->next);
    }
    if (error == ERR_OK) {
        error = list_topics(&change->next, &change->topics);
    }
    if (error == ERR_OK) {
        error = write_report(&fleet->members, &change->next, &change->report);
    }
    if (error != ERR_OK) {
        reason_set(reason, "the cameras cannot be started: %s",
                   error == ERR_BUSY ? "threads or descriptors ran out; raise the limits (ulimit -u, ulimit -n)"
                                     : err_text(error));
        discard(&change);
        return error;
    }
    *out = change;
    return ERR_OK;
}

/* ---- Making it, where nothing can fail ---- */

static void hand_over(struct member *member) {
    struct member *before = member->before;
    member->before = NULL;
    if (member->fate == FLEET_UNCHANGED) {
        member->camera = before->camera;
        before->camera = NULL;
        return;
    }
    struct camera *predecessor = NULL;
    if (member->fate == FLEET_CHANGED) {
        predecessor = before->camera;
        before->camera = NULL;
        topic_change_settings(member->topic, &member->settings.topic);
    }
    camera_begin(member->camera, &predecessor);
}

/* Cameras that are to go free their devices before others are started, which may want the same ones. */
static void end_departing(struct fleet *fleet, const struct members *next) {
    struct members *now = &fleet->members;
    for (size_t i = 0; i < now->count; i++) {
        const struct member *successor = find_member(next, now->list[i].settings.topic.id);
        if (successor == NULL || successor->fate == FLEET_CHANGED) {
            camera_interrupt(now->list[i].camera);
        }
    }
    int64_t deadline_ns = clock_monotonic_ns() + END_WITHIN_NS;
    for (size_t i = 0; i < now->count; i++) {
        struct camera **camera = &now->list[i].camera;
        const struct member *successor = find_member(next, now->list[i].settings.topic.id);
        if (successor != NULL && successor->fate == FLEET_UNCHANGED) {
            continue;
        }
        if (camera_await_end(*camera, deadline_ns)) {
            camera_destroy(camera);
        } else if (successor == NULL) {
            fleet->late[fleet->late_count++] = *camera;
            *camera = NULL;
        }
    }
}

void fleet_commit(struct fleet *fleet, struct fleet_change **change_pointer, struct fleet_report *report) {
    struct fleet_change *change = *change_pointer;
    broker_set_topics(fleet->means.broker, &change->topics);
    end_departing(fleet, &change->next);
    for (size_t i = 0; i < change->next.count; i++) {
        hand_over(&change->next.list[i]);
    }
    finish_members(&fleet->members);
    fleet->members = change->next;
    change->next = (struct members){0};
    if (report != NULL) {
        *report = change->report;
        change->report = (struct fleet_report){0};
    }
    discard(change_pointer);
}

void fleet_destroy(struct fleet **fleet_pointer) {
    struct fleet *fleet = *fleet_pointer;
    *fleet_pointer = NULL;
    if (fleet == NULL) {
        return;
    }
    for (size_t i = 0; i < fleet->members.count; i++) {
        camera_interrupt(fleet->members.list[i].camera);
    }
    finish_members(&fleet->members);
    for (size_t i = 0; i < fleet->late_count; i++) {
        camera_destroy(&fleet->late[i]);
    }
    free(fleet->late);
    watchdog_destroy(&fleet->means.watchdog);
    free(fleet);
}
