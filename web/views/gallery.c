#include "web/views/gallery.h"

#include "broker/base/clock.h"
#include "broker/cluster/cluster.h"
#include "web/assets/assets.h"
#include "web/views/template.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define UNKNOWN "–"
#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

struct figure {
    char text[32];
};

/* A stream that grows in memory. */
struct page {
    FILE *out;
    char *text;
    size_t count;
};

static enum err page_open(struct page *page) {
    *page = (struct page){0};
    page->out = open_memstream(&page->text, &page->count);
    return page->out == NULL ? ERR_MEMORY : ERR_OK;
}

/* The finished text, or NULL when memory ran out on the way. */
static char *page_close(struct page *page) {
    bool failed = ferror(page->out) != 0;
    if (fclose(page->out) != 0 || failed) {
        free(page->text);
        return NULL;
    }
    return page->text;
}

static struct template template_of(const struct asset *asset) { return (struct template){asset->bytes, asset->end}; }

static struct figure count_figure(uint64_t count) {
    struct figure figure;
    snprintf(figure.text, sizeof figure.text, "%" PRIu64, count);
    return figure;
}

static const char *account_name(const struct principal *principal) {
    return principal != NULL && principal->account != NULL ? principal->account->settings.name : "";
}

/* The attribute of what is shown only after a login. */
static const char *hidden_without_session(const struct principal *principal) {
    return principal != NULL && principal->has_session ? "" : "hidden";
}

/* An idle camera that did not work when it was last open is shown as offline. */
static const char *shown_state(const struct topic_snapshot *topic) {
    bool has_failed = topic->state == STATE_IDLE && topic->error[0] != '\0';
    return state_name(has_failed ? STATE_OFFLINE : topic->state);
}

/* What the page offers; the server checks it again. */
static const char *rights_word(const struct principal *principal) {
    return principal == NULL || principal_rights(principal) == RIGHTS_ADMIN ? "admin" : "view";
}

/* Of an imported camera; "": the camera is of here. */
static void find_node(const struct topic_snapshot *topic, char node[NODE_MAX_BYTES + 1]) {
    const char *camera;
    node[0] = '\0';
    if (!cluster_split_id(topic->settings.id, node, &camera)) {
        node[0] = '\0';
    }
}

/* Facts only: whatever takes words, such as times and rates, is the business of texts.js. */
static void write_camera(FILE *out, struct template template, const struct topic_snapshot *topic,
                         const struct page_settings *page_settings) {
    const struct topic_settings *settings = &topic->settings;
    struct figure width = count_figure(topic->width_px);
    struct figure height = count_figure(topic->height_px);
    struct figure published = count_figure(topic->published);
    struct figure dropped = count_figure(topic->dropped);
    struct figure invalid = count_figure(topic->invalid);
    struct figure restarts = count_figure(topic->restarts);
    struct figure viewers = count_figure(topic->subscriber_count);
    struct figure life = count_figure((uint64_t)(page_settings->stream_life_ns / NS_PER_MS));
    char node[NODE_MAX_BYTES + 1];
    find_node(topic, node);
    const struct template_value values[] = {
        {"base", page_settings->base_path},
        {"assets", asset_version()},
        {"past", page_settings->has_recordings ? "" : "hidden"},
        {"id", settings->id},
        {"name", settings->name},
        {"node", node},
        {"node_hidden", node[0] != '\0' ? "" : "hidden"},
        {"source", settings->source},
        {"controls", settings->has_controls ? "yes" : ""},
        {"state", shown_state(topic)},
        {"error", topic->error},
        {"width", width.text},
        {"height", height.text},
        {"format", topic->format == NULL ? UNKNOWN : topic->format},
        {"published", published.text},
        {"dropped", dropped.text},
        {"invalid", invalid.text},
        {"restarts", restarts.text},
        {"viewers", viewers.text},
        {"stream_life_ms", life.text},
        {"rights", rights_word(page_settings->principal)},
        {"account", account_name(page_settings->principal)},
        {"logout", hidden_without_session(page_settings->principal)},
    };
    template_write(out, template, values, COUNT_OF(values));
}

/* What a page is filled with. */
struct filling {
    const struct broker_snapshot *snapshot;
    const struct wall_views *views; /* NULL: the page has no tabs */
    const struct page_settings *page_settings;
};

/* What stands before the cameras. */
static void write_before(FILE *out, struct template before, const struct filling *filling,
                         const struct template_value *values, size_t value_count) {
    if (filling->views != NULL) {
        struct template top, tab;
        template_split(before, "view", &top, &tab, &before);
        template_write(out, top, values, value_count);
        wall_views_write(out, tab, filling->views, filling->snapshot);
    }
    template_write(out, before, values, value_count);
}

/* A page whose block of that name is written for each camera. */
static char *render_cameras(const struct asset *asset, const char *block_name, const struct filling *filling,
                            const struct template_value *values, size_t value_count) {
    const struct broker_snapshot *snapshot = filling->snapshot;
    struct page page;
    if (page_open(&page) != ERR_OK) {
        return NULL;
    }
    struct template before, block, after;
    template_split(template_of(asset), block_name, &before, &block, &after);
    write_before(page.out, before, filling, values, value_count);
    for (size_t i = 0; i < snapshot->topic_count; i++) {
        write_camera(page.out, block, &snapshot->topics[i], filling->page_settings);
    }
    template_write(page.out, after, values, value_count);
    return page_close(&page);
}

static const char *why_empty(const struct principal *principal) {
    return principal == NULL || access_may_view_all(principal)
               ? "No cameras are configured yet. Add one to \"cameras\" in the configuration file."
               : "Your account may not view any of the cameras. An administrator can change that.";
}

char *gallery_render(const struct broker_snapshot *snapshot, const struct wall_views *views,
                     const struct page_settings *page_settings) {
    const struct template_value values[] = {
        {"base", page_settings->base_path},
        {"assets", asset_version()},
        {"past", page_settings->has_recordings ? "" : "hidden"},
        {"empty", why_empty(page_settings->principal)},
        {"empty_hidden", snapshot->topic_count > 0 ? "hidden" : ""},
        {"account", account_name(page_settings->principal)},
        {"logout", hidden_without_session(page_settings->principal)},
    };
    const struct filling filling = {snapshot, views, page_settings};
    return render_cameras(&asset_gallery_page, "tile", &filling, values, COUNT_OF(values));
}

char *gallery_render_status(const struct broker_snapshot *snapshot, const struct server_counts *counts,
                            const struct page_settings *page_settings) {
    struct figure streams = count_figure(counts->streams_active);
    struct figure streams_max = count_figure(counts->streams_max);
    struct figure rejected = count_figure(counts->streams_rejected + counts->streams_rejected_per_address);
    struct figure threads = count_figure(snapshot->workers.threads);
    struct figure queued = count_figure(snapshot->workers.queued);
    struct figure replaced = count_figure(snapshot->workers.replaced);
    struct figure frames = count_figure(snapshot->frames.frames);
    const struct cluster_snapshot *cluster = counts->cluster;
    const struct template_value values[] = {
        {"base", page_settings->base_path},
        {"assets", asset_version()},
        {"past", page_settings->has_recordings ? "" : "hidden"},
        {"totals", counts->is_hidden ? "hidden" : ""},
        {"streams", streams.text},
        {"streams_max", streams_max.text},
        {"rejected", rejected.text},
        {"threads", threads.text},
        {"queued", queued.text},
        {"replaced", replaced.text},
        {"frames", frames.text},
        {"cluster_hidden", cluster != NULL ? "" : "hidden"},
        {"cluster", cluster != NULL ? cluster_state_name(cluster->state) : ""},
        {"version", FRAMEBROKER_VERSION},
        {"account", account_name(page_settings->principal)},
        {"logout", hidden_without_session(page_settings->principal)},
    };
    const struct filling filling = {snapshot, NULL, page_settings};
    return render_cameras(&asset_status_page, "camera", &filling, values, COUNT_OF(values));
}

char *gallery_render_camera(const struct topic_snapshot *topic, const struct page_settings *page_settings) {
    struct page page;
    if (page_open(&page) != ERR_OK) {
        return NULL;
    }
    write_camera(page.out, template_of(&asset_camera_page), topic, page_settings);
    return page_close(&page);
}

char *gallery_render_recordings(const struct page_settings *page_settings) {
    struct page page;
    if (page_open(&page) != ERR_OK) {
        return NULL;
    }
    const struct template_value values[] = {
        {"base", page_settings->base_path},
        {"assets", asset_version()},
        {"past", page_settings->has_recordings ? "" : "hidden"},
        {"rights", rights_word(page_settings->principal)},
        {"account", account_name(page_settings->principal)},
        {"logout", hidden_without_session(page_settings->principal)},
    };
    template_write(page.out, template_of(&asset_recordings_page), values, COUNT_OF(values));
    return page_close(&page);
}

char *gallery_render_login(const char *message, const char *name, const char *next, const char *base_path) {
    struct page page;
    if (page_open(&page) != ERR_OK) {
        return NULL;
    }
    const struct template_value values[] = {{"base", base_path},
                                            {"assets", asset_version()},
                                            {"message", message},
                                            {"message_hidden", message[0] == '\0' ? "hidden" : ""},
                                            {"name", name},
                                            {"next", next},
                                            {"focus_name", name[0] == '\0' ? "autofocus" : ""},
                                            {"focus_password", name[0] == '\0' ? "" : "autofocus"}};
    template_write(page.out, template_of(&asset_login_page), values, COUNT_OF(values));
    return page_close(&page);
}
