#include "acts/user_files.hpp"

#include "acts/secrets_fixture_test.hpp"

namespace berth::acts {
namespace {

std::string path_refusal(std::string_view path) {
    try {
        return "path " + user_file_path(path);
    } catch (const Error& error) {
        return error.user;
    }
}

TEST(UserFilePath, is_relative_and_tidy_and_never_goes_up) {
    EXPECT_EQ(path_refusal("a.txt"), "path a.txt");
    EXPECT_EQ(path_refusal("./a//b/./c d.txt"), "path a/b/c d.txt");
    EXPECT_EQ(path_refusal("ä/…"), "path ä/…");
    EXPECT_EQ(path_refusal("..a/b.."), "path ..a/b..");
    for (const auto* up : {"..", "../a", "a/../b", "a/..", "a/./../.."})
        EXPECT_TRUE(path_refusal(up).ends_with("goes up")) << up;
    EXPECT_TRUE(path_refusal("").ends_with("is empty"));
    EXPECT_TRUE(path_refusal("/etc/passwd").ends_with("is absolute"));
    EXPECT_TRUE(path_refusal("a/").ends_with("names a folder"));
    EXPECT_TRUE(path_refusal("./.").ends_with("names a folder"));
    EXPECT_TRUE(path_refusal("a\nb").ends_with("holds control characters"));
    EXPECT_TRUE(path_refusal(std::string_view("a\0b", 3)).ends_with("holds control characters"));
    EXPECT_TRUE(path_refusal("\xff").ends_with("is no UTF-8"));
    EXPECT_TRUE(path_refusal(std::string(256, 'a')).ends_with("has a name longer than 255"));
    EXPECT_TRUE(path_refusal(std::string(1025, 'a')).ends_with("is longer than 1024"));
}

TEST_F(Sealed, a_file_of_any_length_comes_back_as_it_was) {
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, part_bytes, part_bytes + 1}) {
        std::string content(size, 'x');
        if (size > 0) content.back() = 'y';
        upload("data/x", content);
        EXPECT_EQ(content_of("data/x"), content) << size;
    }
    EXPECT_EQ(write([](store::Tx& tx) { return tx.user_files_of(ann.user); }).size(), 1U);
}

TEST_F(Sealed, an_upload_that_does_not_end_shows_nothing_and_goes_with_the_sweep) {
    upload("a", "before");
    const auto half = write([&](store::Tx& tx) {
        auto file = begin_upload(tx, ann, "a", "text/plain", limits, now);
        add_part(tx, seal_part(tx, keyring, file, 0, false, SecretText("half"), now));
        return file;
    });
    EXPECT_EQ(content_of("a"), "before");
    EXPECT_EQ(write([](store::Tx& tx) { return tx.user_files_of(ann.user); }).size(), 1U);
    write([&](store::Tx& tx) { abandon_old_uploads(tx, now + upload_limit); });
    EXPECT_TRUE(write([&](store::Tx& tx) { return tx.find_user_file(half.id); })) << "it may go on still";
    write([&](store::Tx& tx) { abandon_old_uploads(tx, now + upload_limit + Duration(1)); });
    EXPECT_FALSE(write([&](store::Tx& tx) { return tx.find_user_file_part(half.id, 0); }));
    EXPECT_EQ(refusal([&](store::Tx& tx) { finish_upload(tx, ann, half, limits, now); }), "not_found");
    EXPECT_EQ(content_of("a"), "before");
}

TEST_F(Sealed, one_more_byte_than_the_limit_is_too_much) {
    limits.each = Bytes{10};
    limits.together = Bytes{15};
    EXPECT_NO_THROW(require_fits(limits, 10));
    try {
        require_fits(limits, 11);
        ADD_FAILURE() << "it fits";
    } catch (const Error& error) {
        EXPECT_EQ(error.code, "too_large");
        EXPECT_EQ(error.user, "a file may have at most 10");
    }
    upload("a", "0123456789");
    EXPECT_EQ(refusal([&](store::Tx& tx) {
                  auto file = begin_upload(tx, ann, "b", "", limits, now);
                  file.size = Bytes{6};
                  finish_upload(tx, ann, file, limits, now);
              }),
              "quota_exceeded");
    upload("b", "01234");
    upload("a", "012345678");
    upload("c", "0123456789", bob);
    EXPECT_EQ(content_of("a"), "012345678") << "what it replaces does not count";
}

TEST_F(Sealed, a_file_and_a_folder_do_not_share_a_path) {
    upload("a/b", "x");
    const auto code = [&](const std::string& path) {
        return refusal([&](store::Tx& tx) { begin_upload(tx, ann, path, "", limits, now); });
    };
    EXPECT_EQ(code("a"), "path_taken");
    EXPECT_EQ(code("a/b/c"), "path_taken");
    EXPECT_EQ(code("a/bc"), "");
    EXPECT_EQ(refusal([&](store::Tx& tx) { begin_upload(tx, bob, "a", "", limits, now); }), "");
}

TEST_F(Sealed, only_types_that_are_allowed_come_in) {
    limits.types = {"text/csv", "image/*"};
    const auto code = [&](const std::string& type) {
        return refusal(
            [&](store::Tx& tx) { abandon_upload(tx, begin_upload(tx, ann, "x", type, limits, now).id); });
    };
    EXPECT_EQ(code("text/csv"), "");
    EXPECT_EQ(code("Text/CSV; charset=utf-8"), "");
    EXPECT_EQ(code("image/png"), "");
    EXPECT_EQ(code("image"), "unsupported_media_type");
    EXPECT_EQ(code("text/plain"), "unsupported_media_type");
    EXPECT_EQ(code(""), "unsupported_media_type");
}

TEST_F(Sealed, a_part_of_another_file_or_place_or_user_does_not_open) {
    const auto first = upload("a", std::string(part_bytes * 2, 'a'));
    const auto second = upload("b", std::string(part_bytes * 2, 'b'));
    const auto opens = [&](const UserFile& file, const UserFileId& from, int number) {
        return refusal([&](store::Tx& tx) {
            auto part = tx.find_user_file_part(from, number).value();
            part.file = file.id;
            part.number = 0;
            tx.put_user_file_part(part);
            open_part(tx, keyring, file, 0);
        });
    };
    EXPECT_EQ(opens(first, second.id, 0), "sealed_damaged");
    EXPECT_EQ(opens(first, first.id, 1), "sealed_damaged");
    EXPECT_EQ(opens(first, first.id, 0), "");
    auto anothers = first;
    anothers.user = bob.user;
    EXPECT_EQ(opens(anothers, first.id, 0), "sealed_damaged");
    auto cut = first;
    cut.size = Bytes{static_cast<std::int64_t>(part_bytes)};
    EXPECT_EQ(opens(cut, first.id, 0), "sealed_damaged") << "its first part is not its last";
}

TEST_F(Sealed, uploads_at_once_have_an_end) {
    const auto begin = [&](const Caller& who) {
        return refusal([&](store::Tx& tx) { begin_upload(tx, who, "x", "", limits, now); });
    };
    for (std::size_t i = 0; i < uploads_max; ++i) EXPECT_EQ(begin(ann), "");
    EXPECT_EQ(begin(ann), "too_many_uploads");
    EXPECT_EQ(begin(bob), "");
}

TEST_F(Sealed, a_file_is_its_owners) {
    upload("a", "x");
    EXPECT_EQ(refusal([&](store::Tx& tx) { get_user_file(tx, bob.user, "a"); }), "not_found");
    EXPECT_EQ(refusal([&](store::Tx& tx) { delete_user_file(tx, bob, "a", now); }), "not_found");
    write([&](store::Tx& tx) { delete_user_file(tx, ann, "./a", now); });
    EXPECT_EQ(refusal([&](store::Tx& tx) { get_user_file(tx, ann.user, "a"); }), "not_found");
}

}  // namespace
}  // namespace berth::acts
