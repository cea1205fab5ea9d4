#include "web/gallery.h"

#include "broker/clock.h"
#include "web/assets.h"
#include "web/template.h"

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

static struct figure size_figure(const struct topic_snapshot *topic) {
    struct figure figure = {UNKNOWN};
    if (topic->width_px != 0) {
        snprintf(figure.text, sizeof figure.text, "%" PRIu32 " × %" PRIu32, topic->width_px, topic->height_px);
    }
    return figure;
}

static struct figure rate_figure(double fps) {
    struct figure figure;
    snprintf(figure.text, sizeof figure.text, "%.1f fps", fps);
    return figure;
}

static struct figure duration_figure(int64_t duration_ns, const char *suffix) {
    struct figure figure;
    int64_t duration_ms = duration_ns / NS_PER_MS;
    if (duration_ms < 1000) {
        snprintf(figure.text, sizeof figure.text, "%" PRId64 " ms%s", duration_ms, suffix);
    } else if (duration_ms < 60000) {
        snprintf(figure.text, sizeof figure.text, "%.1f s%s", (double)duration_ms / 1000, suffix);
    } else if (duration_ms < 3600000) {
        snprintf(figure.text, sizeof figure.text, "%" PRId64 " min%s", duration_ms / 60000, suffix);
    } else {
        snprintf(figure.text, sizeof figure.text, "%" PRId64 " h%s", duration_ms / 3600000, suffix);
    }
    return figure;
}

static struct figure age_figure(const struct topic_snapshot *topic) {
    struct figure unknown = {UNKNOWN};
    return topic->last_sequence == 0 ? unknown : duration_figure(topic->last_age_ns, " ago");
}

static struct figure since_figure(const struct topic_snapshot *topic) {
    struct figure figure;
    char utc[CLOCK_TEXT_BYTES];
    clock_format_utc(topic->state_since_realtime_ns, 0, utc);
    snprintf(figure.text, sizeof figure.text, "since %.8s UTC", utc + sizeof "2026-01-01T" - 1);
    return figure;
}

static struct figure bytes_figure(uint64_t bytes) {
    struct figure figure;
    if (bytes < 1000) {
        snprintf(figure.text, sizeof figure.text, "%" PRIu64 " B", bytes);
    } else if (bytes < 1000000) {
        snprintf(figure.text, sizeof figure.text, "%.1f KB", (double)bytes / 1e3);
    } else if (bytes < 1000000000) {
        snprintf(figure.text, sizeof figure.text, "%.1f MB", (double)bytes / 1e6);
    } else {
        snprintf(figure.text, sizeof figure.text, "%.2f GB", (double)bytes / 1e9);
    }
    return figure;
}

static const char *account_name(const struct visitor *visitor) {
    return visitor != NULL && visitor->account != NULL ? visitor->account->settings.name : "";
}

/* The attribute of what only those see who have logged in. */
static const char *hidden_without_session(const struct visitor *visitor) {
    return visitor != NULL && visitor->has_session ? "" : "hidden";
}

/* The page's script writes the same texts later: figuresOf() in figures.js. */
static void write_camera(FILE *out, struct template template, const struct topic_snapshot *topic,
                         const struct page_settings *page_settings) {
    const struct topic_settings *settings = &topic->settings;
    struct figure size = size_figure(topic);
    struct figure rate = rate_figure(topic->captured_fps);
    struct figure configured = {UNKNOWN};
    if (settings->fps > 0) {
        configured = rate_figure(settings->fps);
    }
    struct figure age = age_figure(topic);
    struct figure since = since_figure(topic);
    struct figure published = count_figure(topic->published);
    struct figure dropped = count_figure(topic->dropped);
    struct figure invalid = count_figure(topic->invalid);
    struct figure restarts = count_figure(topic->restarts);
    struct figure viewers = count_figure(topic->subscriber_count);
    struct figure life = count_figure((uint64_t)(page_settings->stream_life_ns / NS_PER_MS));
    const struct template_value values[] = {
        {"base", page_settings->base_path},
        {"id", settings->id},
        {"name", settings->name},
        {"source", settings->source},
        {"state", state_name(topic->state)},
        {"since", since.text},
        {"error", topic->error},
        {"size", size.text},
        {"rate", rate.text},
        {"configured", configured.text},
        {"age", age.text},
        {"format", topic->format == NULL ? UNKNOWN : topic->format},
        {"published", published.text},
        {"dropped", dropped.text},
        {"invalid", invalid.text},
        {"restarts", restarts.text},
        {"viewers", viewers.text},
        {"stream_life_ms", life.text},
        {"account", account_name(page_settings->visitor)},
        {"logout", hidden_without_session(page_settings->visitor)},
    };
    template_write(out, template, values, COUNT_OF(values));
}

/* "3 cameras · 2 live · 1 offline", the most welcome state first. */
static void write_summary(const struct broker_snapshot *snapshot, char *text, size_t capacity) {
    static const enum camera_state order[] = {STATE_LIVE, STATE_IDLE, STATE_STARTING, STATE_STALE, STATE_OFFLINE};
    size_t counts[COUNT_OF(order)] = {0};
    for (size_t i = 0; i < snapshot->topic_count; i++) {
        counts[snapshot->topics[i].state]++;
    }
    size_t cameras = snapshot->topic_count;
    int used = snprintf(text, capacity, "%zu %s", cameras, cameras == 1 ? "camera" : "cameras");
    for (size_t i = 0; i < COUNT_OF(order); i++) {
        if (counts[order[i]] > 0) {
            used += snprintf(text + used, capacity - (size_t)used, " · %zu %s", counts[order[i]], state_name(order[i]));
        }
    }
}

/* A page whose block of that name is written for each camera. */
static char *render_cameras(const struct asset *asset, const char *block_name, const struct broker_snapshot *snapshot,
                            const struct template_value *values, size_t value_count,
                            const struct page_settings *page_settings) {
    struct page page;
    if (page_open(&page) != ERR_OK) {
        return NULL;
    }
    struct template before, block, after;
    template_split(template_of(asset), block_name, &before, &block, &after);
    template_write(page.out, before, values, value_count);
    for (size_t i = 0; i < snapshot->topic_count; i++) {
        write_camera(page.out, block, &snapshot->topics[i], page_settings);
    }
    template_write(page.out, after, values, value_count);
    return page_close(&page);
}

char *gallery_render(const struct broker_snapshot *snapshot, const struct page_settings *page_settings) {
    char summary[256];
    write_summary(snapshot, summary, sizeof summary);
    struct figure cameras = count_figure(snapshot->topic_count);
    const struct template_value values[] = {
        {"base", page_settings->base_path},
        {"summary", summary},
        {"cameras", cameras.text},
        {"account", account_name(page_settings->visitor)},
        {"logout", hidden_without_session(page_settings->visitor)},
    };
    return render_cameras(&asset_gallery_page, "tile", snapshot, values, COUNT_OF(values), page_settings);
}

char *gallery_render_status(const struct broker_snapshot *snapshot, const struct server_counts *counts,
                            const struct page_settings *page_settings) {
    char summary[256];
    write_summary(snapshot, summary, sizeof summary);
    struct figure streams = count_figure(counts->streams_active);
    struct figure streams_max = count_figure(counts->streams_max);
    struct figure rejected = count_figure(counts->streams_rejected + counts->streams_rejected_per_address);
    struct figure threads = count_figure(snapshot->workers.threads);
    struct figure queued = count_figure(snapshot->workers.queued);
    struct figure replaced = count_figure(snapshot->workers.replaced);
    struct figure memory = bytes_figure(snapshot->frames.bytes);
    struct figure frames = count_figure(snapshot->frames.frames);
    struct figure uptime = duration_figure(snapshot->uptime_ns, "");
    const struct template_value values[] = {
        {"base", page_settings->base_path},
        {"summary", summary},
        {"totals", counts->is_hidden ? "hidden" : ""},
        {"streams", streams.text},
        {"streams_max", streams_max.text},
        {"rejected", rejected.text},
        {"threads", threads.text},
        {"queued", queued.text},
        {"replaced", replaced.text},
        {"memory", memory.text},
        {"frames", frames.text},
        {"uptime", uptime.text},
        {"version", FRAMEBROKER_VERSION},
        {"account", account_name(page_settings->visitor)},
        {"logout", hidden_without_session(page_settings->visitor)},
    };
    return render_cameras(&asset_status_page, "camera", snapshot, values, COUNT_OF(values), page_settings);
}

char *gallery_render_camera(const struct topic_snapshot *topic, const struct page_settings *page_settings) {
    struct page page;
    if (page_open(&page) != ERR_OK) {
        return NULL;
    }
    write_camera(page.out, template_of(&asset_camera_page), topic, page_settings);
    return page_close(&page);
}

char *gallery_render_login(const char *message, const char *name, const char *next, const char *base_path) {
    struct page page;
    if (page_open(&page) != ERR_OK) {
        return NULL;
    }
    const struct template_value values[] = {{"base", base_path},
                                            {"message", message},
                                            {"message_hidden", message[0] == '\0' ? "hidden" : ""},
                                            {"name", name},
                                            {"next", next}};
    template_write(page.out, template_of(&asset_login_page), values, COUNT_OF(values));
    return page_close(&page);
}
