#include "acts/user_files.hpp"

#include <boost/system/system_error.hpp>

#include "api/harness.hpp"

namespace berth::api::testing {
namespace {

constexpr const char* files = "/api/v1/users/me/files";

/// A body that comes in pieces, and breaks off where it is told to.
class Pieces final : public net::BodyReader {
  public:
    explicit Pieces(std::string all, bool breaks = false) : all_(std::move(all)), breaks_(breaks) {}
    Task<std::string> read() override {
        constexpr std::size_t piece = 60'000;
        if (at_ >= all_.size() && breaks_) throw boost::system::system_error(asio::error::connection_reset);
        auto next = all_.substr(std::min(at_, all_.size()), piece);
        at_ += next.size();
        co_return next;
    }
    std::optional<std::uint64_t> size() const override { return std::nullopt; }

  private:
    std::string all_;
    bool breaks_;
    std::size_t at_ = 0;
};

class Uploading : public ::testing::Test {
  protected:
    net::Response put(const std::string& path, std::string content, bool breaks = false,
                      const std::string& type = "text/plain") {
        auto request =
            world.request(world.as_ann, "PUT", std::string(files) + "/" + path, {}, {{"Content-Type", type}});
        request.stream = std::make_shared<Pieces>(std::move(content), breaks);
        return world.run(world.api->answer(std::move(request)));
    }
    std::string get(const std::string& path, const Proof& who) {
        const auto answer = world.ask(who, "GET", std::string(files) + "/" + path);
        if (!answer.stream) return std::to_string(answer.status);
        struct Writer final : net::BodyWriter {
            Task<> write(std::string_view bytes) override {
                text += bytes;
                co_return;
            }
            std::string text;
        } writer;
        world.run(answer.stream(writer));
        return writer.text;
    }
    std::string code(const net::Response& answer) {
        return std::string(body_of(answer).at("code").as_string());
    }

    World world;
};

TEST_F(Uploading, a_file_comes_back_whole_to_its_owner_only) {
    const std::string content(acts::part_bytes * 2 + 7, 'x');
    const auto made = put("data/a%20b.csv", content);
    ASSERT_EQ(made.status, 200) << made.body;
    EXPECT_EQ(body_of(made).at("path"), "data/a b.csv");
    EXPECT_EQ(body_of(made).at("sha256"), json::value(crypto::sha256_hex(content)));
    EXPECT_EQ(get("data/a%20b.csv", world.as_ann), content);
    EXPECT_EQ(get("data/a%20b.csv", world.as_bob), "404");
    EXPECT_EQ(get("data/a%20b.csv", world.as_root), "404");
    const auto list = world.get(world.as_ann, files);
    EXPECT_EQ(list.at("total"), 1);
    EXPECT_EQ(list.at("limits").at("each"), "32Mi");
    EXPECT_EQ(world.ask(world.as_ann, "DELETE", std::string(files) + "/data/a%20b.csv").status, 204);
    EXPECT_EQ(get("data/a%20b.csv", world.as_ann), "404");
}

TEST_F(Uploading, a_download_is_an_attachment_that_no_browser_runs) {
    put("page.html", "<script>", false, "text/html");
    const auto answer = world.ask(world.as_ann, "GET", std::string(files) + "/page.html");
    EXPECT_EQ(text_of(answer, "Content-Type"), "application/octet-stream");
    EXPECT_EQ(text_of(answer, "Content-Disposition"), "attachment; filename*=UTF-8''page.html");
    EXPECT_EQ(text_of(answer, "X-Content-Type-Options"), "nosniff");
}

TEST_F(Uploading, one_that_is_cut_leaves_the_earlier_file_and_nothing_else) {
    put("a", "before");
    const auto cut = put("a", std::string(acts::part_bytes + 5, 'x'), true);
    EXPECT_EQ(cut.status, 400);
    EXPECT_EQ(code(cut), "upload_cut");
    EXPECT_EQ(get("a", world.as_ann), "before");
    world.write([](store::Tx& tx) {
        EXPECT_TRUE(tx.unfinished_user_files(start_of_time + std::chrono::hours(1)).empty());
    });
}

TEST_F(Uploading, one_larger_than_its_limit_is_refused_with_the_limit) {
    const auto large = put("a", std::string((32 << 20) + 1, 'x'));
    EXPECT_EQ(large.status, 413);
    EXPECT_EQ(body_of(large).at("detail"), "a file may have at most 32Mi");
    EXPECT_EQ(world.get(world.as_ann, files).at("total"), 0);
}

TEST_F(Uploading, a_name_that_leads_elsewhere_is_refused) {
    for (const auto* path : {"../a", "a/../../b", "%2e%2e/a", "/etc/passwd", "a%0ab", "a/"}) {
        const auto answer = put(path, "x");
        EXPECT_EQ(answer.status, 400) << path;
        EXPECT_EQ(code(answer), "invalid_field") << path;
    }
    EXPECT_EQ(put("", "x").status, 404);
}

TEST_F(Uploading, events_name_the_file_and_hold_nothing_of_it) {
    put("a", "hush-hush");
    put("a", "hush-hush-hush");
    std::string said;
    for (const auto& event : world.events()) said += json::write(json::to_json(event));
    EXPECT_NE(said.find("file.created"), std::string::npos);
    EXPECT_NE(said.find("file.updated"), std::string::npos);
    EXPECT_EQ(said.find("hush"), std::string::npos);
}

}  // namespace
}  // namespace berth::api::testing
