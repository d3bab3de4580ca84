#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

#include "init/frame.hpp"
#include "init/limits.hpp"
#include "init/pages.hpp"
#include "init/request.hpp"
#include "init/seal.hpp"
#include "init/target.hpp"
#include "init/text.hpp"

namespace berth::init {

/// A file as the frame `f` announces it.
struct FileHead {
    std::string_view path;
    mode_t mode = 0;
};

/// Reads `path NUL mode`, the mode in octal and at most 0777. Pure.
std::optional<FileHead> read_file_head(std::string_view payload);

/// A link as the frame `l` has it.
struct LinkHead {
    std::string_view path;
    std::string_view where;
};

/// Reads `path NUL where`, both plain paths. Pure.
std::optional<LinkHead> read_link_head(std::string_view payload);

/// What comes from outside for the component: variables and files before its program starts, files also
/// later, and a note of the client's about them.
///
/// One client at a time. Each file is there whole or not at all; variables and note only count once
/// everything has come, and a delivery that is cut off leaves none of them.
class Delivery {
  public:
    enum class State {
        started,  ///< The program runs, or is to.
        waiting,  ///< It does not start before everything was delivered.
    };

    void wait() { state_ = State::waiting; }
    State state() const { return state_; }
    std::string_view note() const { return {note_.data(), note_size_}; }

    /// Begins what a request B or W asks for; one that is on its way has been abandoned. With a salt its
    /// frames are sealed.
    Refusal begin(char kind, std::string_view salt, const Key& key);
    /// Takes one frame of its stream. After a refusal, and after `g`, it has ended.
    Refusal take(const Frame& frame);
    /// Its client is gone.
    void abandon();

  private:
    enum class Course { none, before_start, while_running };

    Refusal take_opened(const Frame& frame);
    Refusal end();
    Refusal take_variable(std::string_view pair);
    Refusal extend_variable(std::string_view more);
    Refusal add_text(std::string_view text);
    Refusal begin_file(std::string_view payload);
    Refusal put_link(std::string_view payload);
    Refusal remove(std::string_view path);
    Refusal take_note(std::string_view bytes);
    Refusal finish_file();
    /// Says which path it was; the words live until the next.
    Refusal problem(int error, std::string_view path);

    State state_ = State::started;
    Course course_ = Course::none;
    Seal seal_;
    Pages text_;  ///< Of the variables, each a C string: they stay, for whatever is started here has them.
    std::size_t text_size_ = 0;
    std::array<char*, variables_max> variables_{};
    std::size_t variables_count_ = 0;
    std::size_t files_ = 0;
    Target target_;
    bool in_file_ = false;
    mode_t mode_ = 0;
    std::array<char, path_max + 1> path_{};
    Pages note_, fresh_note_;
    std::size_t note_size_ = 0, fresh_note_size_ = 0;
    Text<path_max + 128> words_;
};

}  // namespace berth::init
