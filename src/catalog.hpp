#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "engine/engine.hpp"
#include "store/store.hpp"

/// The templates and images that Berth brings along.
namespace berth::catalog {

struct Starter {
    std::string image;    ///< `localhost/berth/terminal:1`
    std::string context;  ///< Directory with its Containerfile, below the data directory.
};

/// Writes the build contexts below `directory` (replacing what differs, removing what is not ours any more)
/// and gives them in the order in which they are to be built.
std::vector<Starter> unpack(const std::string& directory);

/// Adds each starter template, or a new revision of it when this program brings another text than the one it
/// brought before. A template that an administrator has changed or deleted since stays as it is. With a
/// `registry` (`registry.example.org/team`) the images are those of that name there.
Task<> install(store::Store& store, Clock& clock, std::string registry);

/// Makes the images that are not there one after the other, so that the first is there soon. An engine that
/// is away or too busy is asked again.
Task<> prepare(engine::Engine& engine, Clock& clock, std::vector<std::string> images);

}  // namespace berth::catalog
