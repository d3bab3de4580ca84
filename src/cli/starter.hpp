#pragma once

#include <optional>
#include <string>

namespace berth::cli {

/// A template to start from, as YAML with comments: `name` is made of the image when it is empty; with a port
/// it is opened in the browser, without one as a terminal. Throws `invalid` for an image or name that no
/// template could have.
std::string starter_template(const std::string& image, std::optional<int> port, std::string name);

/// `registry.example/team/My_IDE:2` -> `my-ide`: a name that a template may have.
std::string name_of_image(const std::string& image);

}  // namespace berth::cli
