#include "cameras/supervisor/camera_manager.h"

#include "broker/frame/mailbox.h"
#include "broker/topic_demand.h"
#include "cameras/supervisor/camera.h"

#include <stdlib.h>
#include <string.h>

/* How long the cameras that are stopped by one change may take together. */
#define END_WITHIN_NS (500 * NS_PER_MS)

struct member {
    struct camera_settings settings; /* with a reference to their storage */
    struct topic *topic;             /* a reference */
    struct camera *camera;
    enum camera_manager_fate fate; /* in the change that made this list */
    bool stays_open;               /* changed in a way that the running camera can follow */
    struct member *before;         /* what it was in the list before; only while that is being changed */
};

struct members {
    struct member *list;
    size_t count;
};

struct camera_manager {
    struct camera_shared shared;
    struct members members; /* in the order of the settings */
    struct camera **late;   /* removed and interrupted, but slow to end; with room for every member */
    size_t late_count;
};

enum err camera_manager_create(struct broker *broker, struct camera_manager **out) {
    struct camera_manager *manager = calloc(1, sizeof *manager);
    if (manager == NULL) {
        return ERR_MEMORY;
    }
    manager->shared = (struct camera_shared){.broker = broker, .timing = &camera_default_timing};
    enum err error = watchdog_create(&manager->shared.watchdog);
    if (error != ERR_OK) {
        free(manager);
        return error;
    }
    *out = manager;
    return ERR_OK;
}

static void finish_members(struct members *members) {
    for (size_t i = 0; i < members->count; i++) {
        struct member *member = &members->list[i];
        camera_destroy(&member->camera);
        topic_unref(&member->topic);
        arena_unref(&member->settings.arena);
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

static void note(struct camera_manager_report *report, const struct member *member, enum camera_manager_fate fate) {
    struct camera_manager_entry *entry = &report->entries[report->count++];
    memcpy(entry->id, member->settings.topic.id, sizeof entry->id);
    entry->fate = fate;
}

/* ERR_MEMORY. */
static enum err write_report(const struct members *now, const struct members *next,
                             struct camera_manager_report *report) {
    *report = (struct camera_manager_report){.entries = calloc(now->count + next->count + 1, sizeof *report->entries)};
    if (report->entries == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < next->count; i++) {
        note(report, &next->list[i], next->list[i].fate);
    }
    for (size_t i = 0; i < now->count; i++) {
        if (find_member(next, now->list[i].settings.topic.id) == NULL) {
            note(report, &now->list[i], CAMERA_MANAGER_REMOVED);
        }
    }
    return ERR_OK;
}

void camera_manager_report_finish(struct camera_manager_report *report) {
    free(report->entries);
    *report = (struct camera_manager_report){0};
}

/* ---- Preparing a change, while nothing that runs is touched ---- */

struct camera_manager_change {
    struct members next;
    struct topic_list *topics; /* of next */
    struct camera_manager_report report;
};

static void discard(struct camera_manager_change **change_pointer) {
    struct camera_manager_change *change = *change_pointer;
    *change_pointer = NULL;
    if (change != NULL) {
        finish_members(&change->next);
        topic_list_unref(&change->topics);
        camera_manager_report_finish(&change->report);
        free(change);
    }
}

static void set_push_key(struct member *member) {
    const struct source_settings *source = &member->settings.source;
    struct mailbox *mailbox = topic_mailbox(member->topic);
    if (source->type->set_push_key != NULL) {
        source->type->set_push_key(source, mailbox);
    } else {
        mailbox_set_key(mailbox, NULL, false);
    }
}

static enum err prepare_camera(struct camera_manager *manager, struct member *member) {
    struct topic_settings *topic = &member->settings.topic;
    const struct driver_ops *driver = member->settings.source.type->driver;
    enum err error = ERR_OK;
    if (member->topic == NULL) {
        error = broker_create_topic(manager->shared.broker, topic, &member->topic);
        if (error == ERR_OK) {
            set_push_key(member);
        }
    }
    if (error == ERR_OK) {
        error = camera_create(&manager->shared, driver, &member->settings, member->topic, &member->camera);
    }
    return error;
}

/* Of the one before. */
static bool keeps_camera(const struct member *member) {
    return member->fate == CAMERA_MANAGER_UNCHANGED || member->stays_open;
}

/* What is unchanged keeps its settings, so that the new ones can go; its camera stays where it is for now. */
static enum err prepare_member(struct camera_manager *manager, const struct camera_settings *settings,
                               struct member *member) {
    member->before = find_member(&manager->members, settings->topic.id);
    if (member->before == NULL) {
        member->fate = CAMERA_MANAGER_ADDED;
    } else {
        member->fate = camera_settings_equal(&member->before->settings, settings) ? CAMERA_MANAGER_UNCHANGED
                                                                                  : CAMERA_MANAGER_CHANGED;
        member->topic = topic_ref(member->before->topic);
    }
    member->stays_open =
        member->fate == CAMERA_MANAGER_CHANGED && camera_settings_equal_but_live(&member->before->settings, settings);
    member->settings = member->fate == CAMERA_MANAGER_UNCHANGED ? member->before->settings : *settings;
    member->settings.topic.has_controls = settings->source.type->driver->controls != NULL;
    arena_ref(member->settings.arena);
    return keeps_camera(member) ? ERR_OK : prepare_camera(manager, member);
}

static void free_those_that_ended(struct camera_manager *manager) {
    size_t kept = 0;
    for (size_t i = 0; i < manager->late_count; i++) {
        if (camera_await_end(manager->late[i], 0)) {
            camera_destroy(&manager->late[i]);
        } else {
            manager->late[kept++] = manager->late[i];
        }
    }
    manager->late_count = kept;
}

static enum err make_room_for_late(struct camera_manager *manager) {
    struct camera **grown = realloc(manager->late, (manager->late_count + manager->members.count + 1) * sizeof *grown);
    if (grown == NULL) {
        return ERR_MEMORY;
    }
    manager->late = grown;
    return ERR_OK;
}

static enum err prepare_members(struct camera_manager *manager, const struct camera_settings *settings, size_t count,
                                struct members *next) {
    next->list = calloc(count + 1, sizeof *next->list);
    enum err error = next->list != NULL ? ERR_OK : ERR_MEMORY;
    while (next->count < count && error == ERR_OK) {
        error = prepare_member(manager, &settings[next->count], &next->list[next->count]);
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

enum err camera_manager_prepare(struct camera_manager *manager, const struct camera_settings *settings, size_t count,
                                struct camera_manager_change **out, struct reason *reason) {
    free_those_that_ended(manager);
    struct camera_manager_change *change = calloc(1, sizeof *change);
    enum err error = change != NULL ? make_room_for_late(manager) : ERR_MEMORY;
    if (error == ERR_OK) {
        error = prepare_members(manager, settings, count, &change->next);
    }
    if (error == ERR_OK) {
        error = list_topics(&change->next, &change->topics);
    }
    if (error == ERR_OK) {
        error = write_report(&manager->members, &change->next, &change->report);
    }
    if (error != ERR_OK) {
        reason_set(reason, "the cameras cannot be started: %s",
                   error == ERR_BUSY ? "threads or descriptors (ulimit -n) ran out" : err_text(error));
        discard(&change);
        return error;
    }
    *out = change;
    return ERR_OK;
}

/* ---- Making it, where nothing can fail ---- */

/* It may have to be opened now, or be closed. */
static void change_live(struct member *member) {
    topic_change_settings(member->topic, &member->settings.topic);
    camera_change_live(member->camera, &member->settings);
    topic_call_demand(member->topic);
}

static void hand_over(struct camera_manager *manager, struct member *member) {
    struct member *before = member->before;
    member->before = NULL;
    if (keeps_camera(member)) {
        member->camera = before->camera;
        before->camera = NULL;
        if (member->stays_open) {
            change_live(member);
        }
        return;
    }
    struct camera *predecessor = NULL;
    if (member->fate == CAMERA_MANAGER_CHANGED) {
        predecessor = before->camera;
        before->camera = NULL;
        topic_change_settings(member->topic, &member->settings.topic);
        if (!picture_filter_settings_equal(&before->settings.filter, &member->settings.filter)) {
            broker_begin_generation(manager->shared.broker, member->topic); /* what was visible may be private now */
        }
        set_push_key(member);
    }
    camera_begin(member->camera, &predecessor);
}

/* Cameras that are to go free their devices before others are started, which may want the same ones. */
static void end_departing(struct camera_manager *manager, const struct members *next) {
    struct members *now = &manager->members;
    for (size_t i = 0; i < now->count; i++) {
        const struct member *successor = find_member(next, now->list[i].settings.topic.id);
        if (successor == NULL || !keeps_camera(successor)) {
            camera_interrupt(now->list[i].camera);
        }
    }
    int64_t deadline_ns = clock_monotonic_ns() + END_WITHIN_NS;
    for (size_t i = 0; i < now->count; i++) {
        struct camera **camera = &now->list[i].camera;
        const struct member *successor = find_member(next, now->list[i].settings.topic.id);
        if (successor != NULL && keeps_camera(successor)) {
            continue;
        }
        if (camera_await_end(*camera, deadline_ns)) {
            camera_destroy(camera);
        } else if (successor == NULL) {
            manager->late[manager->late_count++] = *camera;
            *camera = NULL;
        }
    }
}

void camera_manager_commit(struct camera_manager *manager, struct camera_manager_change **change_pointer,
                           struct camera_manager_report *report) {
    struct camera_manager_change *change = *change_pointer;
    broker_set_topics(manager->shared.broker, TOPICS_LOCAL, &change->topics);
    end_departing(manager, &change->next);
    for (size_t i = 0; i < change->next.count; i++) {
        hand_over(manager, &change->next.list[i]);
    }
    finish_members(&manager->members);
    manager->members = change->next;
    change->next = (struct members){0};
    if (report != NULL) {
        *report = change->report;
        change->report = (struct camera_manager_report){0};
    }
    discard(change_pointer);
}

void camera_manager_destroy(struct camera_manager **camera_manager_pointer) {
    struct camera_manager *manager = *camera_manager_pointer;
    *camera_manager_pointer = NULL;
    if (manager == NULL) {
        return;
    }
    for (size_t i = 0; i < manager->members.count; i++) {
        camera_interrupt(manager->members.list[i].camera);
    }
    finish_members(&manager->members);
    for (size_t i = 0; i < manager->late_count; i++) {
        camera_destroy(&manager->late[i]);
    }
    free(manager->late);
    watchdog_destroy(&manager->shared.watchdog);
    free(manager);
}
