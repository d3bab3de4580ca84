#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/task.hpp"
#include "model/workload.hpp"
#include "net/handed_socket.hpp"

namespace berth::engine {

/// A connected byte stream to a port inside a component, whatever its family.
using Stream = net::HandedSocket<>;

/// An image as the engine has it.
struct Image {
    std::string digest;  ///< `sha256:…` of its configuration: the same bytes, the same digest.
    std::vector<std::string> entrypoint;  ///< What runs before `command`; may be empty.
    std::vector<std::string> command;
    std::optional<std::string> user;
    Bytes size;
};

/// What a person sees in a terminal or hears from a program.
struct TerminalEvent {
    enum class Kind { output, error_output, offset, exited } kind = Kind::output;
    std::string bytes;            ///< For `output` and `error_output`.
    std::uint64_t offset = 0;     ///< For `offset`: the next output byte has this number.
    int status = 0;               ///< For `exited`.
    std::uint64_t live_from = 0;  ///< For the first `offset`: what comes before this number was shown before.
};

/// A terminal or a program inside a component. One reader and one writer at a time; destroying it detaches.
/// What is written to one that has ended is lost without an error: `read` says how it ended.
class Process {
  public:
    virtual ~Process() = default;
    /// The next event; nothing when the connection is over.
    virtual Task<std::optional<TerminalEvent>> read() = 0;
    virtual Task<> write(std::string bytes) = 0;
    virtual Task<> close_input() = 0;
    virtual Task<> resize(int rows, int columns) = 0;
    virtual Task<> signal(int number) = 0;
};

struct TerminalRequest {
    std::string component;
    std::string id;  ///< Chosen by the client: the same id is the same shell.
    int rows = 24, columns = 80;
    std::optional<std::uint64_t> offset;  ///< Continue after this many bytes; absent: all that is kept.
    std::vector<std::string> command;     ///< Empty: the user's shell.
};

struct ExecRequest {
    std::string component;
    std::vector<std::string> command;
    std::string directory;  ///< Empty: the user's home.
    bool terminal = false;
    int rows = 24, columns = 80;
};

struct LogRequest {
    std::string component;
    int tail = 1000;      ///< Lines from the end, at most 10 000.
    bool follow = false;  ///< Go on until the component ends or the caller stops reading.
};

/// One chunk of log lines, oldest first; lines without their end of line.
struct LogLine {
    std::optional<Time> at;
    bool error_output = false;
    std::string text;
};

struct Usage {
    MilliCpu cpu;  ///< Average since the previous look, at most a minute.
    Bytes memory;
    Bytes storage;  ///< Of the volumes; 0 when the engine cannot say.
};

struct Check {
    std::string name;  ///< `container`, `network isolation`…
    bool passed = false;
    std::string message;  ///< What was seen, in the engine's own words.
    std::string fix;      ///< What to do now; empty when passed.
};

/// Where workloads run: the one door between what should happen and what does.
///
/// All calls come from the control loop, except `dial`, `terminal`, `exec` and `logs`, which any loop may
/// call. Every call has a deadline of its own and throws `unavailable` when the engine does not answer. Slow
/// things (a pull, a graceful stop) are jobs inside the engine; `observe` reports them. Nothing that this
/// Berth did not label is ever touched.
class Engine {
  public:
    virtual ~Engine() = default;

    virtual std::string name() const = 0;
    /// Connects, prepares what the engine needs once, and starts to follow its events. Retries by itself
    /// later: throws only when the engine can never work as configured. Where several processes share an
    /// engine, it changes nothing there.
    virtual Task<> start() = 0;
    virtual Task<> stop() = 0;
    /// Puts there what workloads will need, and removes what none needs any more. Only the process that acts
    /// calls it, now and then: what another one has just made would look as if nobody needed it.
    virtual Task<> tend() { co_return; }

    /// What is there of one workload; never older than our own last write to it.
    virtual Task<Observed> observe(WorkloadId id) = 0;
    /// All workloads of which anything but a volume is there.
    virtual Task<std::vector<WorkloadId>> list() = 0;
    /// Everything that is ours, and what bears a name that we would give to one of `known` or to a volume and
    /// is not ours. Asks the engine itself: for a person who wants to know, not for every minute.
    virtual Task<std::vector<Thing>> inventory(std::vector<WorkloadId> known) = 0;
    /// Makes the changes in order; stops at the first that fails and throws it.
    virtual Task<> apply(WorkloadId id, Changes changes) = 0;
    /// `moved` hears of each workload that may have changed; may be told too often, never too rarely. After
    /// the engine was away it hears of every workload.
    virtual void watch(std::function<void(WorkloadId)> moved) = 0;
    /// Whether the engine answers now, and if not, why.
    virtual std::optional<std::string> down_because() const = 0;

    virtual Task<Stream> dial(WorkloadId id, std::string component, int port) = 0;
    virtual Task<std::unique_ptr<Process>> terminal(WorkloadId id, TerminalRequest request) = 0;
    virtual Task<std::unique_ptr<Process>> exec(WorkloadId id, ExecRequest request) = 0;
    /// Gives each line to `take` until there are no more or `take` returns false.
    virtual Task<> logs(WorkloadId id, LogRequest request, std::function<Task<bool>(LogLine)> take) = 0;
    virtual Task<Usage> usage(WorkloadId id) = 0;
    /// Whether a component may have devices of its own (`Resources::gpu`). From any loop.
    virtual bool has_gpus() const { return false; }
    /// Whether a session's hosts are led to us by something of the engine's (`Observed::hosts`), which stands
    /// while the session rests.
    virtual bool leads_hosts() const { return false; }

    /// The image as it is here now; nothing when it is not here.
    virtual Task<std::optional<Image>> resolve_image(std::string reference) = 0;
    /// Starts to pull (or build, for one of the starter catalog) in the background; at most once at a time.
    virtual Task<> prepare_image(std::string reference) = 0;
    /// What is known of an image without asking anybody: the progress of its preparation.
    virtual ObservedImage image_state(const std::string& reference) const = 0;
    /// Hears of every change of `image_state`.
    virtual void watch_images(
        std::function<void(const std::string& reference, const ObservedImage&)> changed) = 0;

    /// Removes a volume of ours that a person gave up. Gone already is fine; in use is `conflict`.
    virtual Task<> remove_volume(std::string handle) = 0;

    /// Tries the real thing and says what to fix.
    virtual Task<std::vector<Check>> examine() = 0;
};

}  // namespace berth::engine
