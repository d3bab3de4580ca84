#include "container/refusal.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "container/answer.hpp"

namespace berth::container {
namespace {

constexpr std::size_t words_max = 2000;

struct Meaning {
    std::string_view words;
    Kind kind;
    std::string_view code;
};

// In order: the first that occurs decides.
constexpr std::array meanings{
    Meaning{"no such image", Kind::not_found, "image_not_found"},
    Meaning{"image not known", Kind::not_found, "image_not_found"},
    Meaning{"no such container", Kind::not_found, "container_not_found"},
    Meaning{"no such volume", Kind::not_found, "volume_not_found"},
    Meaning{"no such exec", Kind::not_found, "not_found"},
    Meaning{"no such network", Kind::not_found, "network_not_found"},
    Meaning{"network not found", Kind::not_found, "network_not_found"},
    Meaning{"already in use", Kind::conflict, "name_taken"},
    Meaning{"already exists", Kind::conflict, "name_taken"},
    Meaning{"already used", Kind::conflict, "name_taken"},
    Meaning{"being used", Kind::conflict, "in_use"},
    Meaning{"is in use", Kind::conflict, "in_use"},
    Meaning{"active endpoints", Kind::conflict, "in_use"},
    Meaning{"associated containers", Kind::conflict, "in_use"},
    Meaning{"container state improper", Kind::conflict, "wrong_state"},
    Meaning{"is not running", Kind::conflict, "wrong_state"},
    Meaning{"removal of container", Kind::conflict, "wrong_state"},
    Meaning{"stop the container before", Kind::conflict, "wrong_state"},
    Meaning{"no space left", Kind::too_many, "disk_full"},
};

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char letter) { return std::tolower(letter); });
    return text;
}

}  // namespace

std::string words_of(std::string_view body) {
    std::string words;
    try {
        const auto tree = parse_answer(body);
        words = text_at(tree, "message");
        if (words.empty()) words = text_at(tree, "cause");
    } catch (const Error&) {
        words = body;
    }
    while (!words.empty() && std::isspace(static_cast<unsigned char>(words.back())) != 0) words.pop_back();
    return words.substr(0, words_max);
}

Error to_error(int status, std::string_view body) {
    auto words = words_of(body);
    if (words.empty()) words = "the container engine answered " + std::to_string(status);
    const auto known = lower(words);
    for (const auto& meaning : meanings)
        if (known.find(meaning.words) != std::string::npos)
            return Error(meaning.kind, std::string(meaning.code), std::move(words));
    switch (status) {
        case 404:
            return Error(Kind::not_found, "not_found", std::move(words));
        case 409:
            return Error(Kind::conflict, "wrong_state", std::move(words));
        case 400:
            return Error(Kind::invalid, "engine_refused", std::move(words));
        case 403:
            return Error(Kind::forbidden, "engine_refused", std::move(words));
        case 503:
            return Error(Kind::unavailable, "engine_unavailable", std::move(words));
        default:
            return Error(Kind::internal, "engine_failed", std::move(words));
    }
}

}  // namespace berth::container
