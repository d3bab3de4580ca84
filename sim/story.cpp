#include "story.hpp"

#include <cstdlib>

namespace berth::sim {

std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

void act(World& world) {
    auto& random = world.random;
    const auto& user = people[random() % people.size()];
    const auto sessions = world.sessions();
    std::vector<std::string> own;
    for (const auto& session : sessions)
        if (session.user.text == "usr_" + user) own.push_back("/api/v1/sessions/" + session.id.text);
    const auto body = std::string(R"({"template":"t)") + std::to_string(1 + random() % 3) + "\"}";
    if (own.empty() || random() % 3 == 0) {
        // The same key twice is the same launch.
        const auto key = random() % 4 == 0 ? "key-" + std::to_string(random() % 5) : "";
        world.ask(user, "POST", "/api/v1/sessions", body, key.empty() ? "" : key + body.substr(13, 2));
        return;
    }
    const auto& path = own[random() % own.size()];
    switch (random() % 9) {
        case 0:
            world.ask(user, "DELETE", path);
            break;
        case 1:
            world.ask(user, "POST", path + "/restart");
            break;
        case 2:
            world.ask(user, "POST", path + "/wake");
            break;
        case 3:
        case 4:
            world.ask(user, "POST", path + "/freeze");
            break;
        case 5:
            world.use({path.substr(path.rfind('/') + 1)});
            break;
        default:
            world.ask(user, "POST", path + "/hibernate");
    }
}

}  // namespace berth::sim
