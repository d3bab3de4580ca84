#include "crypto/seal.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace berth::crypto {
namespace {

const Time now = parse_time("2026-03-01T09:00:00.000Z");

void expect_damaged(const FernetKey& key, SealContext context, std::string_view sealed) {
    try {
        open_sealed(key, context, sealed);
        ADD_FAILURE() << "it opened";
    } catch (const Error& error) {
        EXPECT_EQ(error.code, "sealed_damaged");
    }
}

TEST(Seal, opens_as_what_it_was_sealed_as) {
    const auto key = FernetKey::random();
    const auto sealed = seal(key, {"secret", "usr_ann", "TOKEN"}, "hush", now);
    EXPECT_EQ(sealed.find("hush"), std::string::npos);
    EXPECT_EQ(open_sealed(key, {"secret", "usr_ann", "TOKEN"}, sealed).reveal(), "hush");
    EXPECT_EQ(open_sealed(key, {}, seal(key, {}, "", now)).reveal(), "");
}

TEST(Seal, what_was_swapped_between_users_or_names_does_not_open) {
    const auto key = FernetKey::random();
    const auto sealed = seal(key, {"secret", "usr_ann", "TOKEN"}, "hush", now);
    expect_damaged(key, {"secret", "usr_bob", "TOKEN"}, sealed);
    expect_damaged(key, {"secret", "usr_ann", "OTHER"}, sealed);
    expect_damaged(key, {"file", "usr_ann", "TOKEN"}, sealed);
    expect_damaged(FernetKey::random(), {"secret", "usr_ann", "TOKEN"}, sealed);
}

TEST(Seal, no_context_is_the_beginning_of_another) {
    const auto key = FernetKey::random();
    const auto sealed = seal(key, {"secret", "ab", "c"}, "hush", now);
    expect_damaged(key, {"secret", "a", "bc"}, sealed);
    expect_damaged(key, {"secret", "ab"}, sealed);
    expect_damaged(key, {"secret", "ab", "c", "hush"}, sealed);
}

TEST(Seal, what_was_cut_does_not_open) {
    const auto key = FernetKey::random();
    const auto sealed = seal(key, {"a"}, "hush", now);
    for (std::size_t size = 0; size < sealed.size(); ++size)
        expect_damaged(key, {"a"}, std::string_view(sealed).substr(0, size));
}

TEST(SecretText, leaves_nothing_behind_where_it_was) {
    SecretText first(std::string("short"));
    const char* place = first.reveal().data();
    const SecretText second(std::move(first));
    EXPECT_EQ(second.reveal(), "short");
    // A text that fits into its object was copied: the first object is still ours to look at.
    EXPECT_EQ(std::string(place, 5), std::string(5, '\0'));
    std::string text(1000, 'x');
    text.resize(10);
    const char* kept = text.data();
    SecretText::wipe(text);
    EXPECT_EQ(std::string(kept, 1000), std::string(1000, '\0'));
}

}  // namespace
}  // namespace berth::crypto
