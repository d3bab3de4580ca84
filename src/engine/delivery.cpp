#include "engine/delivery.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>

#include "base/json.hpp"
#include "base/log.hpp"
#include "base/timeout.hpp"
#include "engine/container/names.hpp"
#include "engine/init_wire.hpp"
#include "net/mac.hpp"
#include "net/seal.hpp"

namespace berth::engine {
namespace {

constexpr std::chrono::seconds state_limit{2};
constexpr std::chrono::minutes delivery_limit{2};
constexpr int plain_mode = 0644;
constexpr std::size_t salt_bytes = 16;
constexpr std::size_t text_max = init_frame_max - net::Seal::size;

/// One delivery on its way. What is refused is heard as soon as it was said.
class Courier {
  public:
    /// Over a network what it brings is sealed with the key of the door.
    Courier(InitDoor door, std::string component)
        : door_(std::move(door)), component_(std::move(component)) {}

    /// Whether it is let in; false: it has been bound before.
    Task<bool> enter(char request) {
        const auto salt = door_.key ? net::random_hex(salt_bytes) : std::string();
        socket_.emplace(co_await ask(door_, write_frame(request, salt)));
        if (door_.key) seal_.emplace(*door_.key, "berth-init delivery\n" + salt + "\n");
        const auto answer = co_await read_answer(*socket_, frames_);
        if (answer.kind == 'O') co_return true;
        const auto code = split_fields(answer.payload)[0];
        if (code == "EALREADY") co_return false;
        throw refused(answer.payload);
    }

    Task<> variable(std::string name, const SecretText& value) {
        const auto begin = name + "=";
        const auto text = std::string_view(value.reveal());
        const auto first = text_max - begin.size();
        co_await send('e', begin, text.substr(0, first));
        if (text.size() > first) co_await bytes('m', text.substr(first));
    }

    Task<> plain_file(std::string path, std::string content) {
        co_await send('f', join_fields({path, mode_of(plain_mode)}), {});
        co_await bytes('d', content);
    }

    Task<> file(std::string path, MaterialFile file) {
        co_await send('f', join_fields({path, mode_of(file.mode)}), {});
        for (int number = 0; number < file.parts; ++number) {
            const auto part = co_await file.part(number);
            co_await bytes('d', part.reveal());
        }
    }

    Task<> link(std::string path, std::string where) { co_await send('l', join_fields({path, where}), {}); }
    Task<> remove(std::string path) { co_await send('u', path, {}); }

    Task<> finish(Delivered note) {
        const auto text = json::write(json::to_json(note));
        co_await bytes('n', text);
        co_await send('g', {}, {});
        co_await hear();
    }

  private:
    static std::string mode_of(int mode) { return fmt::format("{:o}", mode & 0777); }

    Task<> bytes(char kind, std::string_view all) {
        for (std::size_t at = 0; at < all.size(); at += text_max)
            co_await send(kind, {}, all.substr(at, text_max));
    }

    /// Nothing of it is copied but sealed, so that nothing of it is left.
    Task<> send(char kind, std::string begin, std::string_view rest) {
        std::string sealed;
        if (seal_) sealed = seal_->seal(kind, begin, rest);
        if (seal_) begin = std::move(sealed), rest = {};
        const auto head = frame_head(kind, begin.size() + rest.size());
        const std::array parts{asio::buffer(head), asio::buffer(std::as_const(begin)), asio::buffer(rest)};
        boost::system::error_code ec;
        // What was said before the end is a refusal: what follows it goes nowhere.
        if (socket_->available(ec) > 0) co_await hear();
        co_await asio::async_write(*socket_, parts, asio::redirect_error(asio::use_awaitable, ec));
        if (ec == asio::error::operation_aborted) throw boost::system::system_error(ec);
        if (ec) co_await hear();
    }

    Task<> hear() {
        const auto answer = co_await read_answer(*socket_, frames_);
        if (answer.kind == 'E') throw refused(answer.payload);
    }

    Error refused(std::string_view answer) const {
        const auto fields = split_fields(answer);
        const auto words =
            fmt::format("component {}: {}", quoted(component_), fields.size() > 1 ? fields[1] : fields[0]);
        for (const char* later : {"EAGAIN", "EBUSY", "ENOMEM", "EMFILE", "ENFILE"})
            if (fields[0] == later) return Error(Kind::unavailable, "not_delivered", words);
        if (fields[0] == "E2BIG") return Error(Kind::invalid, "too_large", words, "give it less");
        return Error(Kind::invalid, "files_not_written", words,
                     "its user has to be able to write there: choose another path in the template");
    }

    InitDoor door_;
    std::optional<ControlSocket> socket_;
    std::optional<net::Seal> seal_;
    std::string component_;
    InitFrames frames_;
};

/// Where in memory the content of a secret's file is.
std::string place_in_memory(const std::string& target) {
    return fmt::format("{}/{}", memory_folder, sha256(target).substr(0, 16));
}

const SecretRef* ref_of(const std::vector<SecretRef>& refs, const std::string& path) {
    const auto found = std::ranges::find_if(
        refs, [&](const SecretRef& ref) { return ref.as == SecretAs::file && ref.target == path; });
    return found == refs.end() ? nullptr : &*found;
}

bool is_below(const std::string& path, const SecretRef& ref) {
    return ref.as == SecretAs::user_files && path.starts_with(ref.target + "/");
}

/// Brings the files of `refs`, and notes those that are the user's own.
Task<> bring_files(Courier& courier, std::vector<MaterialFile> files, const std::vector<SecretRef>& refs,
                   Delivered& note) {
    for (auto& file : files) {
        const auto path = file.path;
        if (ref_of(refs, path) != nullptr) {
            co_await courier.file(place_in_memory(path), std::move(file));
            co_await courier.link(path, place_in_memory(path));
        } else {
            co_await courier.file(path, std::move(file));
            note.files.push_back(path);
        }
    }
}

Task<Material> ask_for(const Recipient& to, std::vector<SecretRef> refs) {
    if (!to.materials || refs.empty()) co_return Material{};
    co_return co_await to.materials(to.id, std::move(refs));
}

Task<> bind_now(InitDoor door, Recipient to) {
    Courier courier(std::move(door), to.component.name);
    const bool waits = co_await courier.enter('B');
    if (!waits) co_return;
    auto material = co_await ask_for(to, to.component.secrets);
    for (const auto& [name, value] : material.env) co_await courier.variable(name, value);
    for (const auto& [path, content] : to.component.files) co_await courier.plain_file(path, content);
    Delivered note{.secrets = to.component.secrets};
    co_await bring_files(courier, std::move(material.files), to.component.secrets, note);
    co_await courier.finish(std::move(note));
}

/// Takes away what is there of the user's own files below `ref` and is not among `kept`.
Task<> remove_files(Courier& courier, const SecretRef& ref, const Delivered& before,
                    const std::vector<std::string>& kept) {
    for (const auto& path : before.files)
        if (is_below(path, ref) && std::ranges::find(kept, path) == kept.end()) co_await courier.remove(path);
}

Task<> update_now(InitDoor door, Recipient to, Delivered before) {
    const auto changes = live_changes(to.component.secrets, before.secrets);
    Courier courier(std::move(door), to.component.name);
    co_await courier.enter('W');
    auto material = co_await ask_for(to, changes.write);
    auto note = before;
    const auto touches = [&](const std::string& path) {
        const auto below = [&](const SecretRef& ref) { return is_below(path, ref); };
        return std::ranges::any_of(changes.write, below) || std::ranges::any_of(changes.remove, below);
    };
    std::erase_if(note.files, touches);
    for (const auto& ref : changes.remove) {
        std::erase_if(note.secrets, [&](const SecretRef& had) { return had.target == ref.target; });
        if (ref.as != SecretAs::file) continue;
        co_await courier.remove(ref.target);
        co_await courier.remove(place_in_memory(ref.target));
    }
    for (const auto& ref : changes.write) {
        std::erase_if(note.secrets, [&](const SecretRef& had) { return had.target == ref.target; });
        note.secrets.push_back(ref);
    }
    co_await bring_files(courier, std::move(material.files), changes.write, note);
    for (const auto& ref : changes.write) co_await remove_files(courier, ref, before, note.files);
    for (const auto& ref : changes.remove) co_await remove_files(courier, ref, before, note.files);
    co_await courier.finish(std::move(note));
}

/// Whatever a program of the component may have left there instead means nothing.
Delivered read_note(const std::string& note) {
    try {
        if (!note.empty()) return json::from_json<Delivered>(json::parse(note));
    } catch (const Error& error) {
        log::debug("a component's note cannot be read", {{"error", error.what()}});
    }
    return {};
}

Task<DeliveryState> ask_state(InitDoor door) {
    auto socket = co_await ask(std::move(door), write_frame('S', ""));
    InitFrames frames;
    const auto answer = co_await read_answer(socket, frames);
    // The process 1 of an older Berth has nothing to wait for.
    if (answer.kind == 'E') co_return DeliveryState{};
    DeliveryState state{.waiting = answer.payload == "waiting"};
    std::string note;
    bool more = !state.waiting;
    while (more) {
        std::optional<InitFrame> frame;
        try {
            frame = co_await read_frame(socket, frames);
        } catch (const Error& error) {
            if (error.code != "not_running") throw;
        }
        more = frame.has_value();
        if (frame) note += frame->payload;
    }
    state.delivered = read_note(note);
    co_return state;
}

}  // namespace

bool wants_memory_folder(const WorkloadComponent& component) {
    return std::ranges::any_of(component.secrets,
                               [](const SecretRef& ref) { return ref.as == SecretAs::file; });
}

Task<DeliveryState> ask_delivery(InitClient init, Clock& clock) {
    auto work = ask_state(init.door());
    co_return co_await finish_within(clock, state_limit, "the component's process 1", std::move(work));
}

Task<> bind(InitClient init, Clock& clock, Recipient to) {
    const auto what = "delivery to component " + quoted(to.component.name);
    auto work = bind_now(init.door(), std::move(to));
    co_await finish_within(clock, delivery_limit, what, std::move(work));
}

Task<> update_files(InitClient init, Clock& clock, Recipient to) {
    const auto what = "delivery to component " + quoted(to.component.name);
    auto state = co_await ask_delivery(init, clock);
    auto work = update_now(init.door(), std::move(to), std::move(state.delivered));
    co_await finish_within(clock, delivery_limit, what, std::move(work));
}

}  // namespace berth::engine
