/* wsload.c - WebSocket load generator for proxy benchmarks: one epoll thread.
 *
 *   gcc -O3 -march=native -Wall -Wextra -o wsload wsload.c    (`npm run bench` does)
 *   ./wsload [options]     prints one line of JSON; exit status 1 on any error
 *
 *   --host A --port P --path /x      where to connect (IPv4 literal)
 *   --header 'Name: value'           extra handshake header (repeatable)
 *   --mode pingpong                  one frame outstanding per connection
 *          pipeline                  up to --window frames outstanding, topped up
 *                                    in one write when half of them are back
 *          rate                      --rate round trips/s in all, open loop, spread
 *                                    over the connections; latency counts from the
 *                                    scheduled time (no coordinated omission)
 *          idle                      open, echo --touch frames on each, then hold
 *          handshake                 connect + upgrade + one echo + Close frame, wait
 *                                    for the peer to close, over and over, --conns of
 *                                    them in parallel (so TIME_WAIT stays off the
 *                                    connecting side)
 *   --text                           text frames (opcode 1) of valid UTF-8, a fifth of its bytes beyond
 *                                    ASCII; binary frames otherwise
 *   --conns N  --size S (>= 16)  --window K  --rate R  --secs T  --warmup W  --touch F
 *   --src-ips M                      bind sources 127.0.0.2 .. 127.0.0.(M+1) in turn
 *   --proxy-pid PID                  add CPU time and memory of PID and descendants
 *   --label STR                      copied to the result
 *
 * Every echoed byte is checked.  A payload starts with 16 bytes (connection
 * number, sequence number, send time) and goes on with a fixed pattern, so
 * loss, reordering, corruption and crossed connections are all errors. The
 * times sent and the times that came back are summed up per connection and must
 * agree whenever nothing is outstanding, so their bytes are checked too.
 * One "msg" is a round trip; a proxy forwards two messages for each of them,
 * and cpu_us_per_fwd is proxy CPU divided by twice the round trips. */
#define _GNU_SOURCE
#include "wsutil.h"
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum mode { PINGPONG, PIPELINE, RATE, IDLE, HANDSHAKE };
static const char *mode_names[] = {"pingpong", "pipeline", "rate", "idle", "handshake"};

struct conn {
    int fd;               /* -1: not connected */
    uint8_t open;         /* 101 received and checked */
    uint8_t closing;      /* Close frame sent: only the end of the stream matters */
    uint8_t hn, hdr[14];  /* frame header being received */
    uint8_t pre[16];      /* first payload bytes of the frame being received */
    uint64_t left, off;
    uint32_t id, sent, got;
    uint64_t times;       /* send times that have not come back, added up */
    char *res;            /* partial HTTP response */
    size_t resn;
    uint8_t *out;         /* unwritten bytes */
    size_t outo, outn;
    uint64_t t0;          /* connect() time */
};

/* options */
static const char *host = "127.0.0.1", *path = "/", *label = "";
static char headers[8192];
static int text_ = 0, port = 8080, nconns = 1, srcips = 0, window_ = 16, touch = 0, proxy_pid = 0;
static size_t size = 32;
static double secs = 3, warmup = 1, rate = 1000;
static enum mode mode = PINGPONG;

static int ep;
static struct conn *conns;
static struct sockaddr_in dst;
static uint8_t rd[512 * 1024], *tmpl, *pattern;
static size_t flen, fhdr;                       /* template frame and header length */
static uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d};
static char want_accept[32];
static const char *key = "dGhlIHNhbXBsZSBub25jZQ==";
static uint64_t now_, t_start, t_end;           /* current time, measured window (ns) */
static uint64_t sent_, got_, got_win, hs_ok, hs_win, errors_;
static double self0, self1;                     /* own run-queue wait at start and end */
static int nopen, stop_sending, connecting;
static char first_error[200];

/* Latency histogram: 64 linear steps in each power of two of nanoseconds. */
static uint64_t hist[64 * 64], hist_n, hist_max;
static void hist_add(uint64_t ns)
{
    int e = ns < 64 ? 0 : 58 - __builtin_clzll(ns);
    hist[e * 64 + (int)(ns >> e & 63)]++;
    hist_n++;
    if (ns > hist_max) hist_max = ns;
}
static double hist_us(double q)
{
    uint64_t target = (uint64_t)(q * (double)hist_n), seen = 0;
    for (int e = 0; e < 58; e++)
        for (int i = 0; i < 64; i++)
            if ((seen += hist[e * 64 + i]) > target) return (double)((uint64_t)i << e) / 1e3;
    return (double)hist_max / 1e3;
}

static uint64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void fail(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    if (!errors_++) {
        vsnprintf(first_error, sizeof first_error, fmt, ap);
        for (char *p = first_error; *p; p++) /* keep the JSON line valid */
            if ((unsigned char)*p < 32 || *p == '"' || *p == '\\') *p = ' ';
    }
    va_end(ap);
}

/* ---- CPU time and memory of a process tree, out of /proc ---- */
struct usage { double user, sys, wait; long rss_kb, pss_kb; int procs; };

/* Seconds that the threads of pid stood runnable without a CPU: tells a run that
 * other tenants of the machine disturbed from a clean one. */
static double wait_of(int pid)
{
    char p[96];
    double sum = 0;
    snprintf(p, sizeof p, "/proc/%d/task", pid);
    DIR *d = opendir(p);
    for (struct dirent *e; d && (e = readdir(d));) {
        unsigned long run, wait;
        snprintf(p, sizeof p, "/proc/%d/task/%d/schedstat", pid, atoi(e->d_name));
        FILE *f = atoi(e->d_name) > 0 ? fopen(p, "r") : NULL;
        if (!f) continue;
        if (fscanf(f, "%lu %lu", &run, &wait) == 2) sum += (double)wait / 1e9;
        fclose(f);
    }
    if (d) closedir(d);
    return sum;
}

static void usage_add(int pid, struct usage *u)
{
    char p[64], b[1024];
    snprintf(p, sizeof p, "/proc/%d/stat", pid);
    FILE *f = fopen(p, "r");
    if (!f) return;
    b[fread(b, 1, sizeof b - 1, f)] = 0;
    fclose(f);
    unsigned long ut, st;
    char *s = strrchr(b, ')');
    if (!s || sscanf(s + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &ut, &st) != 2) return;
    u->user += (double)ut / (double)sysconf(_SC_CLK_TCK);
    u->sys += (double)st / (double)sysconf(_SC_CLK_TCK);
    u->procs++;
    u->wait += wait_of(pid);
    snprintf(p, sizeof p, "/proc/%d/smaps_rollup", pid);
    if ((f = fopen(p, "r"))) {
        long v;
        while (fgets(b, sizeof b, f))
            if (sscanf(b, "Rss: %ld", &v) == 1) u->rss_kb += v;
            else if (sscanf(b, "Pss: %ld", &v) == 1) u->pss_kb += v;
        fclose(f);
    }
}

/* Pids are visited in /proc order; a child can have a lower pid than its parent
 * after a wrap, hence the repeated passes. */
static struct usage usage_tree(void)
{
    struct usage u = {0};
    int set[512], n = 1, before = 0;
    if (!proxy_pid) return u;
    set[0] = proxy_pid;
    while (before != n) {
        before = n;
        DIR *d = opendir("/proc");
        for (struct dirent *e; d && (e = readdir(d)) && n < 512;) {
            int pid = atoi(e->d_name), ppid = 0, in = 0, known = 0;
            char p[64], b[512];
            if (pid <= 0) continue;
            snprintf(p, sizeof p, "/proc/%d/stat", pid);
            FILE *f = fopen(p, "r");
            if (!f) continue;
            b[fread(b, 1, sizeof b - 1, f)] = 0;
            fclose(f);
            char *s = strrchr(b, ')');
            if (!s || sscanf(s + 2, "%*c %d", &ppid) != 1) continue;
            for (int i = 0; i < n; i++) in |= set[i] == ppid, known |= set[i] == pid;
            if (in && !known) set[n++] = pid;
        }
        if (d) closedir(d);
    }
    for (int i = 0; i < n; i++) usage_add(set[i], &u);
    return u;
}

/* ---- sending ---- */
static void arm(struct conn *c, uint32_t ev)
{
    struct epoll_event e = {.events = ev, .data.ptr = c};
    epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e);
}

static void drop(struct conn *c)
{
    if (c->fd >= 0) close(c->fd);
    if (c->open) nopen--;
    free(c->out);
    free(c->res);
    uint32_t id = c->id;
    memset(c, 0, sizeof *c);
    c->id = id;
    c->fd = -1;
}

static void put(struct conn *c, const uint8_t *p, size_t n)
{
    ssize_t w = c->out ? 0 : write(c->fd, p, n);
    if (w < 0 && errno != EAGAIN) { fail("write: %s", strerror(errno)); drop(c); return; }
    if (w < 0) w = 0;
    if ((size_t)w == n) return;
    size_t have = c->outn - c->outo, rest = n - (size_t)w;
    uint8_t *b = malloc(have + rest);
    if (have) memcpy(b, c->out + c->outo, have);
    memcpy(b + have, p + w, rest);
    free(c->out);
    c->out = b, c->outo = 0, c->outn = have + rest;
    arm(c, EPOLLIN | EPOLLOUT);
}

/* The 16 bytes a payload starts with. In text they are 7-bit groups (ASCII is
 * valid UTF-8): 3 bytes of connection, 4 of sequence, 9 of time. */
static void stamp(uint8_t h[16], uint32_t id, uint32_t seq, uint64_t t)
{
    if (!text_) { memcpy(h, &id, 4), memcpy(h + 4, &seq, 4), memcpy(h + 8, &t, 8); return; }
    for (int i = 0; i < 3; i++) h[i] = id >> 7 * i & 127;
    for (int i = 0; i < 4; i++) h[3 + i] = seq >> 7 * i & 127;
    for (int i = 0; i < 9; i++) h[7 + i] = t >> 7 * i & 127;
}

/* The send time of a payload's first 16 bytes; fails unless they are those of frame seq of connection id. */
static uint64_t unstamp(const uint8_t h[16], uint32_t id, uint32_t seq)
{
    uint64_t t = 0;
    uint8_t want[16];
    if (text_) for (int i = 0; i < 9; i++) t |= (uint64_t)h[7 + i] << 7 * i;
    else memcpy(&t, h + 8, 8);
    stamp(want, id, seq, t);
    if (memcmp(h, want, 16)) fail("conn %u: not the payload of frame %u", id, seq);
    return t;
}

/* Send k frames in one write, stamped with time t. */
static void send_frames(struct conn *c, int k, uint64_t t)
{
    for (int i = 0; i < k; i++) {
        uint8_t *p = tmpl + (size_t)i * flen + fhdr, h[16];
        uint32_t seq = c->sent++;
        stamp(h, c->id, seq, t);
        c->times += t;
        ws_mask(p, h, 16, mask, 0);
    }
    sent_ += (uint64_t)k;
    put(c, tmpl, (size_t)k * flen);
}

/* ---- connecting ---- */
static void dial(struct conn *c)
{
    static uint32_t turn;
    int one = 1;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (c->fd < 0) { fail("socket: %s", strerror(errno)); return; }
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (srcips) {
        struct sockaddr_in a = {.sin_family = AF_INET};
        a.sin_addr.s_addr = htonl(0x7f000002u + turn++ % (uint32_t)srcips);
        setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
        if (bind(c->fd, (void *)&a, sizeof a) < 0) fail("bind: %s", strerror(errno));
    }
    c->t0 = now();
    if (connect(c->fd, (void *)&dst, sizeof dst) < 0 && errno != EINPROGRESS) {
        fail("connect: %s", strerror(errno));
        drop(c);
        return;
    }
    connecting++;
    struct epoll_event e = {.events = EPOLLOUT, .data.ptr = c};
    epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &e);
}

static void request(struct conn *c)
{
    char b[9000];
    int n = snprintf(b, sizeof b,
                     "GET %s HTTP/1.1\r\nHost: %s:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     "Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n%s\r\n", path, host, port, key, headers);
    arm(c, EPOLLIN);
    put(c, (uint8_t *)b, (size_t)n);
}

/* A connection just became usable: what the mode sends first. */
static void on_open(struct conn *c)
{
    if (mode == HANDSHAKE) send_frames(c, 1, now());
    else if (mode == IDLE && touch) send_frames(c, 1, now());
}

/* ---- receiving ---- */
static void on_echo(struct conn *c)
{
    uint64_t t = unstamp(c->pre, c->id, c->got++);
    c->times -= t;
    if (c->sent == c->got && c->times) fail("conn %u: a send time differs", c->id);
    got_++;
    if (now_ >= t_start && now_ < t_end) {
        got_win++;
        if (mode != HANDSHAKE && t >= t_start) hist_add(now_ - t);
    }
    if (stop_sending) return;
    if (mode == PINGPONG) send_frames(c, 1, now());
    if (mode == IDLE && (int)c->got < touch) send_frames(c, 1, now());
}

static void on_bytes(struct conn *c, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n && c->fd >= 0;) {
        if (c->left == 0) {
            c->hdr[c->hn++] = p[i++];
            if (c->hn < 2 || c->hn < ws_header_len(c->hdr[1])) continue;
            c->left = ws_payload_len(c->hdr);
            c->off = 0;
            c->hn = 0;
            if (c->hdr[0] != (text_ ? 0x81 : 0x82) || c->hdr[1] & 0x80 || c->left != size) {
                fail("conn %u: bad frame %02x %02x length %lu", c->id, c->hdr[0], c->hdr[1], (unsigned long)c->left);
                drop(c);
                return;
            }
            if (c->left) continue;
        } else {
            size_t m = n - i < c->left ? n - i : (size_t)c->left, j = 0;
            for (; j < m && c->off + j < 16; j++) c->pre[c->off + j] = p[i + j];
            if (j < m && memcmp(p + i + j, pattern + c->off + j, m - j)) fail("conn %u: payload differs", c->id);
            i += m, c->off += m, c->left -= m;
            if (c->left) continue;
        }
        on_echo(c);
    }
    if (mode == PIPELINE && c->fd >= 0 && !stop_sending && !c->out) {
        int outst = (int)(c->sent - c->got);
        if (outst <= window_ / 2) send_frames(c, window_ - outst, now());
    }
    if (mode == HANDSHAKE && c->fd >= 0 && c->got == 1) {
        uint8_t f[8];
        int h = ws_header(f, 0x88, 2, mask);
        ws_mask(f + h, (const uint8_t *)"\x03\xe8", 2, mask, 0);
        c->closing = 1;
        put(c, f, (size_t)h + 2);
    }
}

static void on_response(struct conn *c, size_t n)
{
    c->res = realloc(c->res, c->resn + n + 1);
    memcpy(c->res + c->resn, rd, n);
    c->resn += n;
    c->res[c->resn] = 0;
    char *end = strstr(c->res, "\r\n\r\n"), *a;
    if (!end) return;
    a = strcasestr(c->res, "\r\nsec-websocket-accept:");
    if (strncmp(c->res, "HTTP/1.1 101", 12) || !a || a > end || strncmp(a + 23 + strspn(a + 23, " "), want_accept, 28)) {
        fail("handshake: %.60s", c->res);
        drop(c);
        connecting--;
        return;
    }
    c->open = 1;
    nopen++, connecting--, hs_ok++;
    size_t extra = c->resn - (size_t)(end + 4 - c->res);
    char *res = c->res;
    c->res = NULL;
    on_open(c);
    if (extra) on_bytes(c, (uint8_t *)end + 4, extra);
    free(res);
}

static void on_event(struct conn *c, uint32_t ev)
{
    if (c->fd < 0) return;
    if (ev & EPOLLOUT && !c->open && !c->out && !c->resn) {
        int err = 0;
        socklen_t l = sizeof err;
        getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &l);
        if (err) { fail("connect: %s", strerror(err)); drop(c); connecting--; return; }
        request(c);
        return;
    }
    if (ev & EPOLLOUT && c->out) {
        ssize_t w = write(c->fd, c->out + c->outo, c->outn - c->outo);
        if (w > 0 && (c->outo += (size_t)w) == c->outn) {
            free(c->out);
            c->out = NULL, c->outo = c->outn = 0;
            arm(c, EPOLLIN);
        }
    }
    if (ev & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
        ssize_t n = read(c->fd, rd, sizeof rd);
        if (n < 0 && errno == EAGAIN) return;
        if (c->closing) {
            if (n > 0) return;
            if (now_ >= t_start && now_ < t_end) hs_win++, hist_add(now_ - c->t0);
            drop(c);
            if (!stop_sending) dial(c);
            return;
        }
        if (n <= 0) {
            fail("conn %u: closed by peer %s (%s)", c->id, c->open ? "after upgrade" : "in handshake", n ? strerror(errno) : "EOF");
            if (!c->open) connecting--;
            drop(c);
            return;
        }
        if (c->open) on_bytes(c, rd, (size_t)n);
        else on_response(c, (size_t)n);
    }
}

/* Handle events until time t, or until nothing happens before it. */
static void poll_until(uint64_t t)
{
    static struct epoll_event evs[1024];
    uint64_t d = t > now_ ? t - now_ : 0;
    struct timespec ts = {.tv_sec = (time_t)(d / 1000000000u), .tv_nsec = (long)(d % 1000000000u)};
    int n = epoll_pwait2(ep, evs, 1024, &ts, NULL);
    now_ = now();
    for (int i = 0; i < n; i++) on_event(evs[i].data.ptr, evs[i].events);
}

/* The payload of text frames: words in several scripts, cut between two characters. */
static void text_pattern(void)
{
    static const char words[] = "Gr\xc3\xbc\xc3\x9f" "e \xe6\xb5\x81, plain words and numbers 0123456789; \xf0\x9f\x9a\xb0 ";
    memset(pattern, '.', size);
    for (size_t at = 16; at < size;) {
        size_t n = size - at < sizeof words - 1 ? size - at : sizeof words - 1;
        while (n < sizeof words - 1 && n && ((uint8_t)words[n] & 0xc0) == 0x80) n--;
        memcpy(pattern + at, words, n);
        at += n;
        if (n < sizeof words - 1) break;
    }
}

static void build(void)
{
    int frames = mode == PIPELINE ? window_ : 1;
    uint8_t h[16];
    fhdr = (size_t)ws_header(h, text_ ? 0x81 : 0x82, size, mask);
    flen = fhdr + size;
    pattern = malloc(size + 16);
    for (size_t i = 0; i < size; i++) pattern[i] = (uint8_t)(i * 131 + (i >> 8) * 17 + 5);
    if (text_) text_pattern();
    tmpl = malloc(flen * (size_t)frames);
    for (int k = 0; k < frames; k++) {
        memcpy(tmpl + (size_t)k * flen, h, fhdr);
        ws_mask(tmpl + (size_t)k * flen + fhdr, pattern, size, mask, 0);
    }
}

static void options(int argc, char **argv)
{
    for (int i = 1; i < argc; i += 2) {
        if (!strcmp(argv[i], "--text")) { text_ = 1, i--; continue; }
        const char *o = argv[i], *v = i + 1 < argc ? argv[i + 1] : NULL;
        if (!v) { fprintf(stderr, "%s: needs a value\n", o); exit(2); }
        if (!strcmp(o, "--host")) host = v;
        else if (!strcmp(o, "--port")) port = atoi(v);
        else if (!strcmp(o, "--path")) path = v;
        else if (!strcmp(o, "--header")) snprintf(headers + strlen(headers), sizeof headers - strlen(headers), "%s\r\n", v);
        else if (!strcmp(o, "--conns")) nconns = atoi(v);
        else if (!strcmp(o, "--size")) size = (size_t)atol(v);
        else if (!strcmp(o, "--window")) window_ = atoi(v);
        else if (!strcmp(o, "--rate")) rate = atof(v);
        else if (!strcmp(o, "--secs")) secs = atof(v);
        else if (!strcmp(o, "--warmup")) warmup = atof(v);
        else if (!strcmp(o, "--touch")) touch = atoi(v);
        else if (!strcmp(o, "--src-ips")) srcips = atoi(v);
        else if (!strcmp(o, "--proxy-pid")) proxy_pid = atoi(v);
        else if (!strcmp(o, "--label")) label = v;
        else if (!strcmp(o, "--mode")) {
            int m = 0;
            while (m < 5 && strcmp(v, mode_names[m])) m++;
            if (m == 5) { fprintf(stderr, "unknown mode %s\n", v); exit(2); }
            mode = (enum mode)m;
        } else { fprintf(stderr, "unknown option %s\n", o); exit(2); }
    }
    if (size < 16) { fprintf(stderr, "--size: needs at least 16 bytes, the stamp of a payload\n"); exit(2); }
}

static void report(double span, struct usage a, struct usage b, struct usage empty, uint64_t lost)
{
    double n = (double)(mode == HANDSHAKE ? hs_win : got_win), user = b.user - a.user, sys = b.sys - a.sys, cpu = user + sys;
    printf("{\"label\":\"%s\",\"mode\":\"%s\",\"conns\":%d,\"size\":%zu,\"text\":%s,\"window\":%d,\"secs\":%.3f,\"ok\":%s,\"errors\":%lu,\"lost\":%lu",
           label, mode_names[mode], nconns, size, text_ ? "true" : "false", mode == PIPELINE ? window_ : 1, span, errors_ || lost ? "false" : "true",
           (unsigned long)errors_, (unsigned long)lost);
    if (errors_) printf(",\"error\":\"%s\"", first_error);
    if (mode == HANDSHAKE) printf(",\"handshakes\":%.0f,\"hs_per_s\":%.0f", n, n / span);
    else printf(",\"msgs\":%.0f,\"msgs_per_s\":%.0f", n, n / span);
    if (hist_n) printf(",\"p50_us\":%.1f,\"p90_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f,\"max_us\":%.1f",
                       hist_us(.5), hist_us(.9), hist_us(.99), hist_us(.999), (double)hist_max / 1e3);
    if (proxy_pid) {
        printf(",\"cpu_user\":%.2f,\"cpu_sys\":%.2f,\"cpu_util\":%.3f", user, sys, cpu / span);
        if (mode == HANDSHAKE && n > 0) printf(",\"cpu_us_per_hs\":%.2f", cpu * 1e6 / n);
        else if (n > 0 && mode != IDLE) printf(",\"cpu_us_per_fwd\":%.3f", cpu * 1e6 / (2 * n));
        printf(",\"proxy_wait\":%.3f", (b.wait - a.wait) / span);
        printf(",\"procs\":%d,\"rss_kb\":%ld,\"pss_kb\":%ld", b.procs, b.rss_kb, b.pss_kb);
        if (mode == IDLE && nopen)
            printf(",\"rss_empty_kb\":%ld,\"rss_per_conn_kb\":%.2f,\"pss_per_conn_kb\":%.2f", empty.rss_kb,
                   (double)(b.rss_kb - empty.rss_kb) / nopen, (double)(b.pss_kb - empty.pss_kb) / nopen);
    }
    printf(",\"self_wait\":%.3f,\"open\":%d}\n", (self1 - self0) / span, nopen);
}

int main(int argc, char **argv)
{
    options(argc, argv);
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_TIMERSLACK, 1);
    build();
    ws_accept(key, want_accept);
    dst.sin_family = AF_INET;
    dst.sin_port = htons((uint16_t)port);
    if (inet_pton(AF_INET, host, &dst.sin_addr) != 1) return fprintf(stderr, "bad host\n"), 2;
    ep = epoll_create1(0);
    conns = calloc((size_t)nconns, sizeof *conns);
    for (int i = 0; i < nconns; i++) conns[i].id = (uint32_t)i, conns[i].fd = -1;
    struct usage empty = usage_tree();
    t_start = t_end = ~0ull;
    now_ = now();

    /* Open all the connections, at most 128 handshakes at a time. */
    uint64_t giveup = now_ + 60000000000u;
    for (int next = 0; next < nconns || connecting;) {
        while (next < nconns && connecting < 128 && !errors_) dial(&conns[next++]);
        if (mode == HANDSHAKE && next == nconns) break;
        if (errors_ || now_ > giveup) break;
        poll_until(now_ + 100000000u);
    }
    if (errors_ || (mode != HANDSHAKE && nopen < nconns)) {
        fail("only %d of %d connections opened", nopen, nconns);
        report(1, empty, empty, empty, 0);
        return 1;
    }

    /* First frames, warm-up, measured window. */
    uint64_t t_next = now(), step = (uint64_t)(1e9 / rate), turn = 0;
    t_start = now() + (uint64_t)(warmup * 1e9);
    t_end = t_start + (uint64_t)(secs * 1e9);
    uint64_t ts = t_start, te = t_end;
    t_start = t_end = ~0ull; /* nothing counts during the warm-up */
    if (mode == PINGPONG || mode == PIPELINE)
        for (int i = 0; i < nconns; i++) if (conns[i].fd >= 0) send_frames(&conns[i], mode == PIPELINE ? window_ : 1, now());
    struct usage a = {0}, b = {0};
    for (int phase = 0; phase < 2; phase++) {
        uint64_t until = phase ? te : ts;
        if (phase) {
            a = usage_tree();
            self0 = wait_of(getpid());
            t_start = now_ = now(), until = t_end = t_start + (uint64_t)(secs * 1e9);
        }
        while ((now_ = now()) < until && errors_ < 1000) {
            for (; mode == RATE && t_next <= now_; t_next += step) {
                struct conn *c = &conns[turn++ % (uint64_t)nconns];
                if (c->fd >= 0) send_frames(c, 1, t_next);
            }
            poll_until(mode == RATE && t_next < until ? t_next : until);
        }
    }
    double span = (double)(now_ - t_start) / 1e9;
    b = usage_tree();
    self1 = wait_of(getpid());
    stop_sending = 1;

    /* Whatever is outstanding has two seconds to come back. */
    uint64_t drain = now() + 2000000000u;
    while (mode != HANDSHAKE && got_ < sent_ && (now_ = now()) < drain) poll_until(drain);
    uint64_t lost = mode == HANDSHAKE ? 0 : sent_ - got_;
    report(span, a, b, empty, lost);
    return errors_ || lost ? 1 : 0;
}
