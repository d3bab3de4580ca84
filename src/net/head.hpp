#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

/// Our own scanner of HTTP/1.1 message heads (RFC 9112): strict, without allocation once warm, views into the
/// buffer.
///
/// It refuses whatever two readers could understand differently: bare CR or LF, obs-fold, spaces before a
/// colon, several Hosts or lengths, a length beside Transfer-Encoding, codings other than a single `chunked`.
namespace berth::net {

struct HeadLimits {
    std::size_t line_max = 8 << 10;   ///< Bytes of the first line.
    std::size_t head_max = 64 << 10;  ///< Bytes of the whole head.
    int fields_max = 100;             ///< Field lines.
};

/// Why a head is refused, and with which status. `status` 0: nothing is wrong.
struct HeadProblem {
    int status = 0;
    const char* why = "";
    explicit operator bool() const { return status != 0; }
};

/// Field names that somebody here looks for.
enum class Name : std::uint8_t {
    other,
    accept,
    authorization,
    berth_token,
    connection,
    content_length,
    cookie,
    expect,
    forwarded,
    host,
    http2_settings,
    keep_alive,
    origin,
    proxy_authenticate,
    proxy_authorization,
    proxy_connection,
    sec_fetch_dest,
    sec_fetch_mode,
    sec_fetch_site,
    service_worker_allowed,
    set_cookie,
    te,
    trailer,
    transfer_encoding,
    upgrade,
    x_berth,      ///< Any name that starts with `X-Berth-`.
    x_forwarded,  ///< Any name that starts with `X-Forwarded-`, and `X-Real-IP`.
};

Name classify(std::string_view name);

struct Field {
    std::string_view name;
    std::string_view value;  ///< Without the white space around it.
    Name id = Name::other;
};

/// How the end of a body is known.
enum class Framing : std::uint8_t { none, length, chunked, until_close };

/// Finds where a head ends, line by line, over as many calls as it takes bytes to come.
class HeadFinder {
  public:
    explicit HeadFinder(HeadLimits limits) : limits_(limits) {}
    /// The size of the head with its empty line, or 0 while more bytes are needed or when there is a problem.
    /// `bytes` grows from call to call and keeps what it had.
    std::size_t look(std::string_view bytes, HeadProblem& problem);
    void reset() { line_ = looked_ = 0, lines_ = 0; }

  private:
    HeadLimits limits_;
    std::size_t line_ = 0;    // Where the current line starts.
    std::size_t looked_ = 0;  // Before it there is no LF in the current line.
    int lines_ = 0;
};

enum class TargetForm : std::uint8_t { origin, absolute, asterisk };

struct RequestHead {
    std::string_view method;
    std::string_view target;  ///< As it came.
    std::string_view
        path;  ///< Path and query: the target, or what follows an absolute one's authority ("/" for nothing).
    TargetForm form = TargetForm::origin;
    int minor = 1;          ///< HTTP/1.x.
    std::string_view host;  ///< As it came, with its port; empty only for HTTP/1.0.
    std::vector<Field> fields;
    Framing framing = Framing::none;
    std::uint64_t length = 0;  ///< For `Framing::length`.
    bool keep_alive = true;    ///< What the peer wants.
    bool expect_continue = false;
    std::string_view upgrade;    ///< The Upgrade field, when Connection names it; else empty.
    std::string_view nominated;  ///< The Connection field, when it names fields of its own.
    std::size_t size = 0;

    /// The value of the first field with that id, or empty.
    std::string_view find(Name id) const;
    std::string_view find(std::string_view name) const;
};

/// Reads a whole head of `HeadFinder`'s size. `head` keeps its capacity.
HeadProblem scan_request(std::string_view bytes, RequestHead& head);

struct ResponseHead {
    int minor = 1;
    int status = 0;
    std::string_view reason;
    std::vector<Field> fields;
    Framing framing = Framing::none;
    std::uint64_t length = 0;
    bool keep_alive = true;
    std::string_view upgrade;
    std::string_view nominated;
    std::size_t size = 0;

    std::string_view find(Name id) const;
};

/// `head_request`: the answer to HEAD has no body whatever its fields say. Problems carry status 502.
HeadProblem scan_response(std::string_view bytes, bool head_request, ResponseHead& head);

/// Whether a comma-separated list holds `word`, ignoring case.
bool has_word(std::string_view list, std::string_view word);

/// RFC 9110 tchar.
bool token_char(char c);

}  // namespace berth::net
