#include "cli/starter.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/yaml.hpp"

namespace berth::cli {
namespace {

constexpr std::size_t name_max = 40;

constexpr std::string_view web_text = R"(      ports: [{{name: http, port: {0}, scheme: http}}]
      readiness: {{tcp: http}}                 # or {{http: {{port: http, path: /}}}} or {{exec: [..]}}
)";

constexpr std::string_view text = R"(# Try it with:  berth templates check -f FILE
# Add it with:  berth templates apply -f FILE
apiVersion: berth.dev/v1alpha1
kind: Template
metadata: {{name: {name}}}
spec:
  displayName: {name}
  description: ""
  category: Other
  components:
    - name: main
      image: {image}
{ports}      resources: {{cpu: "1", memory: 1Gi}}
      mounts: [{{volume: home, path: /home/user}}]
      env: {{HOME: /home/user}}
  volumes:
    - {{name: home, scope: workspace, size: 10Gi}}   # kept when the session ends
  access:
    - {access}
)";

std::string scalar(const std::string& value) {
    auto line = yaml::write(json::value(value));
    while (line.ends_with('\n')) line.pop_back();
    return line;
}

}  // namespace

std::string name_of_image(const std::string& image) {
    auto last = image.substr(0, image.find('@'));
    if (const auto slash = last.rfind('/'); slash != std::string::npos) last.erase(0, slash + 1);
    last = last.substr(0, last.find(':'));
    std::string name;
    for (const char letter : last) {
        const bool capital = letter >= 'A' && letter <= 'Z';
        const bool plain = (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9');
        if (capital || plain)
            name += capital ? static_cast<char>(letter - 'A' + 'a') : letter;
        else if (!name.empty() && name.back() != '-')
            name += '-';
    }
    name.resize(std::min(name.size(), name_max));
    while (name.ends_with('-')) name.pop_back();
    // A name starts with a letter.
    if (name.empty() || name.front() < 'a') name = "app-" + name;
    while (name.ends_with('-')) name.pop_back();
    return name;
}

std::string starter_template(const std::string& image, std::optional<int> port, std::string name) {
    if (image.empty() || image.find_first_of(" \t\r\n\"'{}[]#") != std::string::npos)
        throw Error(Kind::invalid, "invalid_field", berth::quoted(image) + " is not the name of an image",
                    "write it as registry.example/team/image:tag");
    if (name.empty()) name = name_of_image(image);
    if (name_of_image(name) != name)
        throw Error(Kind::invalid, "invalid_field", berth::quoted(name) + " is not a name for a template",
                    fmt::format("try {}", berth::quoted(name_of_image(name))));
    const auto ports = port ? fmt::format(web_text, *port) : std::string();
    const auto* const access = port ? "{name: web, component: main, port: http, kind: web, default: true}"
                                    : "{name: terminal, component: main, kind: terminal, default: true}";
    return fmt::format(text, fmt::arg("name", name), fmt::arg("image", scalar(image)),
                       fmt::arg("ports", ports), fmt::arg("access", access));
}

}  // namespace berth::cli
