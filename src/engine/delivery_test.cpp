#include "engine/delivery.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>
#include <iterator>

#include "engine/container/names.hpp"
#include "engine/init_fixture.hpp"

namespace berth::engine {
namespace {

using testing::HasSubstr;

std::string contents(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

Task<SecretText> text(std::string words) {
    co_return SecretText(std::move(words));
}

MaterialFile file_of(std::string path, std::vector<std::string> parts) {
    MaterialFile file{.path = std::move(path), .parts = static_cast<int>(parts.size())};
    file.part = [parts](int number) { return text(parts.at(static_cast<std::size_t>(number))); };
    return file;
}

/// A component whose process 1 waits on this machine, and what its owner keeps.
class DeliveryTest : public InitFixture {
  protected:
    DeliveryTest() { start_init({"--wait"}); }
    ~DeliveryTest() override { std::filesystem::remove_all(memory_folder); }

    InitClient init() { return InitClient(unix_door(path()), clock_); }

    Recipient to() {
        auto source = [this](WorkloadId, std::vector<SecretRef> refs) { return give(std::move(refs)); };
        return {.id = {"ses_1"}, .component = component_, .materials = source};
    }

    Task<Material> give(std::vector<SecretRef> refs) {
        ++asked_;
        Material material;
        for (const auto& ref : refs) {
            if (ref.as == SecretAs::env) material.env[ref.target] = SecretText(values_.at(ref.name));
            if (ref.as == SecretAs::file)
                material.files.push_back(file_of(ref.target, {values_.at(ref.name)}));
            if (ref.as == SecretAs::user_files)
                for (const auto& [name, parts] : files_)
                    material.files.push_back(file_of(ref.target + "/" + name, parts));
        }
        co_return material;
    }

    void bind_it() { run(bind(init(), clock_, to())); }
    void update() { run(update_files(init(), clock_, to())); }
    DeliveryState state() { return run(ask_delivery(init(), clock_)); }

    /// What a program started now says.
    std::string said_by(std::vector<std::string> command) {
        auto said = [](InitClient client, std::vector<std::string> words) -> Task<std::string> {
            auto process = co_await client.exec({.component = "c", .command = std::move(words)});
            std::string all;
            while (auto event = co_await process->read()) all += event->bytes;
            co_return all;
        };
        return run(said(init(), std::move(command)));
    }

    WorkloadComponent component_{.name = "web"};
    std::map<std::string, std::string> values_{{"TOKEN", "s3cret"}};
    std::map<std::string, std::vector<std::string>> files_;
    int asked_ = 0;
};

TEST_F(DeliveryTest, environment_files_and_secrets_are_there_before_it_starts) {
    const auto config = folder_ + "/etc/app.toml", key = folder_ + "/home/.key", mine = folder_ + "/mine";
    component_.files = {{config, "port = 1\n"}};
    component_.secrets = {{SecretAs::env, "TOKEN", "GITHUB_TOKEN", "1"},
                          {SecretAs::file, "TOKEN", key, "1"},
                          {SecretAs::user_files, "", mine, "7"}};
    files_ = {{"a/b.txt", {"one ", "two"}}, {"empty", {}}};
    EXPECT_TRUE(state().waiting);
    bind_it();
    const auto after = state();
    EXPECT_FALSE(after.waiting);
    EXPECT_EQ(after.delivered.secrets, component_.secrets);
    EXPECT_EQ(after.delivered.files, (std::vector{mine + "/a/b.txt", mine + "/empty"}));
    EXPECT_EQ(contents(config), "port = 1\n");
    EXPECT_EQ(contents(key), "s3cret");
    EXPECT_EQ(contents(mine + "/a/b.txt"), "one two");
    EXPECT_TRUE(std::filesystem::exists(mine + "/empty"));
    EXPECT_EQ(said_by({"sh", "-c", "echo $GITHUB_TOKEN"}), "s3cret\n");
}

TEST_F(DeliveryTest, a_secrets_content_is_in_memory_and_a_link_leads_there) {
    const auto key = folder_ + "/key";
    component_.secrets = {{SecretAs::file, "TOKEN", key, "1"}};
    EXPECT_TRUE(wants_memory_folder(component_));
    bind_it();
    const auto place = std::filesystem::read_symlink(key).string();
    EXPECT_TRUE(place.starts_with(std::string(memory_folder) + "/")) << place;
    struct stat file{};
    ASSERT_EQ(::stat(key.c_str(), &file), 0);
    EXPECT_EQ(file.st_mode & 0777, 0400U);
}

TEST_F(DeliveryTest, what_has_been_bound_is_not_even_asked_for_again) {
    component_.secrets = {{SecretAs::env, "TOKEN", "TOKEN", "1"}};
    bind_it();
    bind_it();
    EXPECT_EQ(asked_, 1);
}

TEST_F(DeliveryTest, a_path_that_cannot_be_written_is_named_and_it_waits_on) {
    component_.files = {{path() + "/below/a/socket", "x"}};
    try {
        bind_it();
        ADD_FAILURE() << "bound";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind, Kind::invalid);
        EXPECT_EQ(error.code, "files_not_written");
        EXPECT_THAT(error.user,
                    HasSubstr("component \"web\": " + path() + "/below/a/socket: not a directory"));
    }
    EXPECT_TRUE(state().waiting);
    component_.files.clear();
    bind_it();
    EXPECT_FALSE(state().waiting);
}

TEST_F(DeliveryTest, a_refusal_in_the_middle_of_a_large_file_is_heard) {
    // More than any socket holds on its way, to a place that was refused at its first byte.
    component_.files = {{"/proc/berth/file", std::string(8 << 20, 'x')}};
    EXPECT_THROW(bind_it(), Error);
    try {
        bind_it();
    } catch (const Error& error) {
        EXPECT_EQ(error.code, "files_not_written") << error.what();
    }
}

TEST_F(DeliveryTest, a_source_that_fails_leaves_it_waiting) {
    component_.secrets = {{SecretAs::env, "TOKEN", "TOKEN", "1"}};
    auto broken = to();
    broken.materials = [](WorkloadId, std::vector<SecretRef>) -> Task<Material> {
        throw Error(Kind::unavailable, "keys_unavailable", "no keys");
        co_return Material{};
    };
    EXPECT_THROW(run(bind(init(), clock_, broken)), Error);
    EXPECT_TRUE(state().waiting);
    bind_it();
    EXPECT_EQ(said_by({"sh", "-c", "echo $TOKEN"}), "s3cret\n");
}

TEST_F(DeliveryTest, half_of_a_file_is_none) {
    component_.secrets = {{SecretAs::user_files, "", folder_ + "/mine", "1"}};
    auto cut = to();
    cut.materials = [this](WorkloadId, std::vector<SecretRef>) -> Task<Material> {
        Material material;
        material.files.push_back(file_of(folder_ + "/mine/cut", {"one"}));
        material.files.back().parts = 2;
        co_return material;
    };
    EXPECT_THROW(run(bind(init(), clock_, cut)), std::exception);
    EXPECT_TRUE(state().waiting);
    EXPECT_FALSE(std::filesystem::exists(folder_ + "/mine/cut"));
}

TEST_F(DeliveryTest, only_live_files_follow_changes) {
    const auto key = folder_ + "/key", mine = folder_ + "/mine";
    component_.secrets = {{SecretAs::env, "TOKEN", "TOKEN", "1"},
                          {SecretAs::file, "TOKEN", key, "1", true},
                          {SecretAs::user_files, "", mine, "1", true}};
    files_ = {{"old", {"o"}}, {"both", {"b"}}};
    bind_it();
    values_["TOKEN"] = "changed";
    files_ = {{"both", {"B"}}, {"new", {"n"}}};
    component_.secrets[0].version = component_.secrets[1].version = component_.secrets[2].version = "2";
    update();
    EXPECT_EQ(contents(key), "changed");
    EXPECT_EQ(contents(mine + "/both") + contents(mine + "/new"), "Bn");
    EXPECT_FALSE(std::filesystem::exists(mine + "/old"));
    EXPECT_EQ(said_by({"sh", "-c", "echo $TOKEN"}), "s3cret\n");
    auto after = state().delivered;
    EXPECT_EQ(live_changes(component_.secrets, after.secrets), LiveChanges{});
    EXPECT_EQ(after.secrets.front().version, "1");

    component_.secrets.resize(1);
    update();
    EXPECT_FALSE(std::filesystem::exists(std::filesystem::symlink_status(key)));
    EXPECT_TRUE(std::filesystem::is_empty(memory_folder));
    EXPECT_TRUE(std::filesystem::is_empty(mine));
    EXPECT_EQ(state().delivered.files, std::vector<std::string>{});
}

TEST_F(DeliveryTest, a_note_that_a_program_made_up_means_nothing) {
    bind_it();
    for (const auto* note : {"{\"secrets\": 7}", "not json", "[]"}) {
        auto lie = [](InitDoor door, std::string words) -> Task<> {
            auto socket =
                co_await ask(door, write_frame('W', "") + write_frame('n', words) + write_frame('g', ""));
            InitFrames frames;
            co_await read_answer(socket, frames);
            co_await read_answer(socket, frames);
        };
        run(lie(unix_door(path()), note));
        EXPECT_EQ(state().delivered, Delivered{});
    }
}

TEST_F(DeliveryTest, a_variable_of_64_kib_arrives_whole) {
    component_.secrets = {{SecretAs::env, "TOKEN", "TOKEN", "1"}};
    values_["TOKEN"] = std::string(65'536, 'x');
    bind_it();
    EXPECT_EQ(said_by({"sh", "-c", "echo ${#TOKEN}"}), "65536\n");
}

TEST_F(DeliveryTest, what_no_environment_holds_is_too_large) {
    component_.secrets = {{SecretAs::env, "TOKEN", "TOKEN", "1"}};
    values_["TOKEN"] = std::string(2 << 20, 'x');
    try {
        bind_it();
        ADD_FAILURE() << "bound";
    } catch (const Error& error) {
        EXPECT_EQ(error.code, "too_large");
        EXPECT_THAT(error.user, testing::Not(HasSubstr("xxx")));
    }
}

TEST_F(DeliveryTest, over_a_network_it_is_sealed_and_arrives_as_it_was) {
    const std::string key = "0123456789abcdef0123456789abcdef";
    std::ofstream(folder_ + "/key") << key;
    child_.reset();
    const auto port = std::to_string(20'000 + ::getpid() % 10'000);
    start_init({"--wait", "--tcp", port, "--key-file", folder_ + "/key"});
    const InitClient far(tcp_door("127.0.0.1", std::stoi(port), SecretText(key)), clock_);
    component_.files = {{folder_ + "/large", std::string(200'000, 'x')}};
    component_.secrets = {{SecretAs::env, "TOKEN", "TOKEN", "1"}};
    run(bind(far, clock_, to()));
    EXPECT_EQ(contents(folder_ + "/large"), std::string(200'000, 'x'));
    EXPECT_EQ(said_by({"sh", "-c", "echo $TOKEN"}), "s3cret\n");
    EXPECT_EQ(run(ask_delivery(far, clock_)).delivered.secrets, component_.secrets);
}

}  // namespace
}  // namespace berth::engine
