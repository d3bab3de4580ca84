#pragma once

#include <sys/types.h>

#include <array>
#include <string_view>

#include "init/fd.hpp"
#include "init/limits.hpp"
#include "init/text.hpp"

namespace berth::init {

/// Whether it names one place only: absolute, no `.`, `..` or empty part, at most `path_max` bytes.
bool is_plain_path(std::string_view path);

/// One name in the file system that is given something else, whole or not at all.
///
/// What comes is made beside it under another name, which takes its place at the end; what is given up, or
/// was left behind by one that died, is removed. No symbolic link is followed on the way to it, and the name
/// itself never is. Gives an errno each time, 0 for done.
class Target {
  public:
    Target() = default;
    Target(const Target&) = delete;
    Target& operator=(const Target&) = delete;
    ~Target() { give_up(); }

    /// Walks to the folder of `path`, a plain one, and makes those that are missing.
    int find(std::string_view path);
    /// As `find`, but makes nothing: ENOENT.
    int look_for(std::string_view path);

    /// Begins a file that only its owner may read.
    int begin();
    int write(std::string_view bytes);
    /// Puts the file there, with that mode.
    int finish(mode_t mode);

    /// Puts a symbolic link there.
    int link_to(const char* where);
    /// Nothing there already is done.
    int remove();

    void give_up();

  private:
    enum class Missing { make, refuse };
    int walk(std::string_view path, Missing missing);
    int take_place();

    Fd folder_;
    Fd file_;
    bool begun_ = false;
    std::array<char, name_max + 1> name_{};
    std::array<char, name_max + 1> fresh_{};
};

}  // namespace berth::init
