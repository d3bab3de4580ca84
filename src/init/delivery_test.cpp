#include "init/delivery.hpp"

#include <sys/stat.h>

#include "init/tcp_harness.hpp"

namespace berth::init::test {
namespace {

TEST(PlainPath, is_absolute_and_has_nothing_but_names) {
    for (const auto* path : {"/a", "/a/b.c", "/..a/...", "/a b"}) EXPECT_TRUE(is_plain_path(path)) << path;
    for (const auto* path : {"", "/", "a", "a/b", "//a", "/a/", "/a//b", "/.", "/a/..", "/../a", "/a/./b"})
        EXPECT_FALSE(is_plain_path(path)) << path;
    EXPECT_TRUE(is_plain_path("/" + std::string(4094, 'a')));
    EXPECT_FALSE(is_plain_path("/" + std::string(4095, 'a')));
}

TEST(FileHead, is_a_path_and_a_mode) {
    const auto head = read_file_head(fields({"/a/b", "0640"}));
    ASSERT_TRUE(head);
    EXPECT_EQ(head->path, "/a/b");
    EXPECT_EQ(head->mode, 0640U);
    for (const auto& wrong : {fields({"/a"}), fields({"/a", ""}), fields({"/a", "8"}), fields({"/a", "1777"}),
                              fields({"a", "644"}), fields({"/a", "644", ""}), std::string()})
        EXPECT_FALSE(read_file_head(wrong)) << testing::PrintToString(wrong);
    EXPECT_FALSE(read_link_head(fields({"/a", "b"})));
    EXPECT_FALSE(read_link_head(fields({"/a", "/b", "/c"})));
}

/// A program that waits, and clients that bring what it starts with.
class Waiting : public Init {
  protected:
    Process& start(Words words) {
        words.insert(words.begin(), {"run", "--wait", "--"});
        process_.emplace(directory_, words);
        return *process_;
    }

    /// A delivery that has been let in.
    Client begin(char kind = 'B') {
        auto client = ask(kind);
        EXPECT_EQ(client.read(), (Message{'O', ""}));
        return client;
    }

    static void send_file(Client& client, const std::string& path, const std::string& content,
                          const std::string& mode = "600") {
        client.send('f', fields({path, mode}));
        for (std::size_t at = 0; at < content.size(); at += 65536)
            client.send('d', content.substr(at, 65536));
    }

    /// What the last frame is answered with.
    static Message end(Client& client) {
        client.send('g');
        return client.read().value_or(Message{});
    }

    std::string state() { return ask('S').read().value_or(Message{}).payload; }

    static unsigned mode_of(const std::string& path) {
        struct stat file{};
        EXPECT_EQ(::lstat(path.c_str(), &file), 0) << path;
        return file.st_mode & 0777;
    }
};

const Message done{'O', ""};

TEST_F(Waiting, the_program_starts_once_everything_has_come_and_has_it) {
    const auto path = directory_ / "deep/er/token";
    auto& process = start({"sh", "-c", "echo $TOKEN; cat " + path});
    EXPECT_EQ(state(), "waiting");
    EXPECT_EQ(process.out(), "");
    auto client = begin();
    client.send('e', "TOKEN=s e=cret");
    send_file(client, path, "words\n", "400");
    EXPECT_EQ(process.out(), "");
    EXPECT_EQ(end(client), done);
    EXPECT_EQ(process.wait(), 0);
    EXPECT_EQ(process.out(), "s e=cret\nwords\n");
    EXPECT_EQ(mode_of(path), 0400U);
    EXPECT_EQ(mode_of(directory_ / "deep"), 0755U);
}

TEST_F(Waiting, terminals_and_programs_have_the_environment_too) {
    start({"sleep", "1000"});
    auto client = begin();
    client.send('e', "TOKEN=secret");
    ASSERT_EQ(end(client), done);
    auto running = exec({"sh", "-c", "echo $TOKEN"});
    EXPECT_EQ(joined(running.read_all(), '1'), "secret\n");
    attach("main", {"sh", "-c", "echo $TOKEN"}).read_until("secret");
}

TEST_F(Waiting, nothing_is_started_before) {
    start({"sleep", "1000"});
    const Message not_yet{'E', fields({"EAGAIN", "it waits for what it is to start with"})};
    EXPECT_EQ(exec({"true"}).read(), not_yet);
    EXPECT_EQ(ask('T', fields({"main", "24", "80", "", "sh"})).read(), not_yet);
    EXPECT_EQ(ask('W').read(), not_yet);
    EXPECT_EQ(state(), "waiting");
}

TEST_F(Waiting, it_is_bound_once) {
    start({"sleep", "1000"});
    auto client = begin();
    EXPECT_EQ(end(client), done);
    EXPECT_EQ(ask('B').read(), (Message{'E', fields({"EALREADY", "it has been started"})}));
    EXPECT_EQ(state(), "started");
}

TEST_F(Waiting, of_two_deliveries_the_newer_counts) {
    auto& process = start({"sh", "-c", "echo $OLD $NEW; ls -A " + (directory_ / "folder")});
    auto older = begin();
    older.send('e', "OLD=1");
    send_file(older, directory_ / "folder/old", "half");
    EXPECT_TRUE(eventually([&] { return std::filesystem::exists(directory_ / "folder/.old.berth~"); }));
    auto newer = begin();
    EXPECT_TRUE(older.ended());
    newer.send('e', "NEW=2");
    EXPECT_EQ(end(newer), done);
    EXPECT_EQ(process.wait(), 0);
    EXPECT_EQ(process.out(), "2\n");
}

TEST_F(Waiting, what_never_waited_cannot_be_bound) {
    Init::start();
    EXPECT_EQ(ask('B').read(), (Message{'E', fields({"EALREADY", "it has been started"})}));
    EXPECT_EQ(state(), "started");
}

TEST_F(Waiting, a_delivery_that_is_cut_off_leaves_nothing_half_done) {
    auto& process = start({"sh", "-c", "echo ${OLD-none} $NEW; cat " + (directory_ / "file")});
    {
        auto client = begin();
        client.send('e', "OLD=1");
        client.send('n', "old");
        send_file(client, directory_ / "file", "half");
        client.send('P');  // Is nothing of a delivery: the file ends, and so does all of it.
        EXPECT_EQ(client.read()->kind, 'E');
    }
    {
        auto client = begin();
        send_file(client, directory_ / "other", "half");
        EXPECT_TRUE(eventually([&] { return std::filesystem::exists(directory_ / ".other.berth~"); }));
    }
    EXPECT_TRUE(eventually([&] { return !std::filesystem::exists(directory_ / ".other.berth~"); }));
    EXPECT_FALSE(std::filesystem::exists(directory_ / "other"));
    EXPECT_EQ(state(), "waiting");
    auto client = begin();
    client.send('e', "NEW=2");
    send_file(client, directory_ / "file", "whole\n");
    EXPECT_EQ(end(client), done);
    EXPECT_EQ(process.wait(), 0);
    EXPECT_EQ(process.out(), "none 2\nwhole\n");
}

TEST_F(Waiting, what_one_that_died_left_behind_is_in_nobodys_way) {
    start({"sleep", "1000"});
    std::ofstream(directory_ / ".file.berth~") << "left";
    auto client = begin();
    send_file(client, directory_ / "file", "new");
    EXPECT_EQ(end(client), done);
    EXPECT_EQ(Process::contents(directory_ / "file"), "new");
    EXPECT_FALSE(std::filesystem::exists(directory_ / ".file.berth~"));
}

TEST_F(Waiting, a_large_file_comes_in_frames) {
    std::string content;
    for (int i = 0; content.size() < (20U << 20); ++i) content += std::to_string(i) + "\n";
    auto& process = start({"cat", directory_ / "file"});
    auto client = begin();
    send_file(client, directory_ / "file", content);
    EXPECT_EQ(end(client), done);
    EXPECT_EQ(process.wait(), 0);
    EXPECT_TRUE(process.out() == content);
}

TEST_F(Waiting, an_empty_file_is_a_file) {
    start({"sleep", "1000"});
    auto client = begin();
    send_file(client, directory_ / "one", "");
    send_file(client, directory_ / "two", "");
    EXPECT_EQ(end(client), done);
    EXPECT_TRUE(std::filesystem::exists(directory_ / "one"));
    EXPECT_TRUE(std::filesystem::exists(directory_ / "two"));
}

TEST_F(Waiting, a_link_leads_no_write_astray) {
    start({"sleep", "1000"});
    std::filesystem::create_directory(directory_ / "elsewhere");
    std::filesystem::create_symlink(directory_ / "elsewhere", directory_ / "folder");
    std::ofstream(directory_ / "elsewhere/target") << "kept";
    std::filesystem::create_symlink(directory_ / "elsewhere/target", directory_ / "file");
    auto through = begin();
    send_file(through, directory_ / "folder/file", "secret");
    const auto answer = through.read().value_or(Message{});
    EXPECT_EQ(answer.payload, fields({"ENOTDIR", (directory_ / "folder/file") +
                                                     ": not a directory, and links are not followed"}));
    auto over = begin();
    send_file(over, directory_ / "file", "secret");
    EXPECT_EQ(end(over), done);
    EXPECT_EQ(Process::contents(directory_ / "elsewhere/target"), "kept");
    EXPECT_TRUE(std::filesystem::is_regular_file(std::filesystem::symlink_status(directory_ / "file")));
}

TEST_F(Waiting, what_cannot_be_written_is_named) {
    start({"sleep", "1000"});
    std::filesystem::create_directory(directory_ / "folder");
    const std::pair<std::string, std::string> wrong[]{{directory_ / "folder", "EISDIR"},
                                                      {directory_ / "s/file", "ENOTDIR"},
                                                      {"/proc/berth/file", "ENOENT"}};
    for (const auto& [path, code] : wrong) {
        auto client = begin();
        send_file(client, path, "words");
        client.send('g');
        const auto answer = client.read().value_or(Message{});
        EXPECT_EQ(answer.kind, 'E');
        EXPECT_EQ(answer.payload.substr(0, answer.payload.find('\0')), code) << answer.payload;
        EXPECT_NE(answer.payload.find(path + ": "), std::string::npos) << answer.payload;
        EXPECT_EQ(state(), "waiting");
    }
    auto client = begin();
    send_file(client, directory_ / std::string(250, 'a'), "words");
    EXPECT_EQ(client.read()->payload.substr(0, 12), "ENAMETOOLONG");
}

TEST_F(Waiting, nonsense_ends_a_delivery) {
    start({"sleep", "1000"});
    const std::pair<char, std::string> wrong[]{{'e', "NAME"},
                                               {'e', "=value"},
                                               {'m', "of nothing"},
                                               {'e', fields({"A=", ""})},
                                               {'d', "no file"},
                                               {'f', "/tmp/../x"},
                                               {'f', fields({"relative", "600"})},
                                               {'l', fields({"/a"})},
                                               {'u', "/a/.."},
                                               {'X', ""}};
    for (const auto& [kind, payload] : wrong) {
        auto client = begin();
        client.send(kind, payload);
        EXPECT_EQ(client.read(), (Message{'E', fields({"EINVAL", "the delivery is malformed"})})) << kind;
        EXPECT_TRUE(client.ended());
    }
    EXPECT_EQ(state(), "waiting");
}

TEST_F(Waiting, a_large_variable_comes_in_frames) {
    auto& process = start({"sh", "-c", "echo ${#LARGE} $AFTER"});
    auto client = begin();
    client.send('e', "LARGE=" + std::string(60000, 'x'));
    client.send('m', std::string(60000, 'y'));
    client.send('e', "AFTER=1");
    EXPECT_EQ(end(client), done);
    EXPECT_EQ(process.wait(), 0);
    EXPECT_EQ(process.out(), "120000 1\n");
}

TEST_F(Waiting, an_environment_has_its_limits) {
    start({"sleep", "1000"});
    auto large = begin();
    for (int i = 0; i < 16; ++i) large.send('e', "A" + std::to_string(i) + "=" + std::string(65500, 'x'));
    large.send('e', "B=" + std::string(65000, 'x'));
    EXPECT_EQ(large.read(), (Message{'E', fields({"E2BIG", "the environment is too large"})}));
    auto many = begin();
    for (int i = 0; i < 1025; ++i) many.send('e', "A" + std::to_string(i) + "=");
    EXPECT_EQ(many.read()->payload.substr(0, 5), "E2BIG");
    auto noted = begin();
    for (int i = 0; i < 4; ++i) noted.send('n', std::string(65536, 'x'));
    EXPECT_EQ(noted.read(), (Message{'E', fields({"E2BIG", "the note is too large"})}));
}

TEST_F(Waiting, files_change_while_it_runs_and_its_environment_does_not) {
    start({"sleep", "1000"});
    auto client = begin();
    send_file(client, directory_ / "memory", "one");
    client.send('l', fields({directory_ / "file", directory_ / "memory"}));
    client.send('n', "first");
    ASSERT_EQ(end(client), done);
    auto told = ask('S').read_all();
    EXPECT_EQ(told, (std::vector<Message>{{'O', "started"}, {'n', "first"}}));

    auto update = begin('W');
    send_file(update, directory_ / "memory", "two");
    update.send('l', fields({directory_ / "file", directory_ / "memory"}));
    update.send('n', std::string(50000, 'x'));
    update.send('n', std::string(50000, 'y'));
    // It is not there before all of it is.
    EXPECT_EQ(joined(ask('S').read_all(), 'n'), "first");
    ASSERT_EQ(end(update), done);
    EXPECT_EQ(Process::contents(directory_ / "file"), "two");
    EXPECT_EQ(joined(ask('S').read_all(), 'n'), std::string(50000, 'x') + std::string(50000, 'y'));

    auto removal = begin('W');
    removal.send('u', directory_ / "file");
    removal.send('u', directory_ / "never/there");
    ASSERT_EQ(end(removal), done);
    EXPECT_FALSE(std::filesystem::exists(std::filesystem::symlink_status(directory_ / "file")));

    auto variable = begin('W');
    variable.send('e', "A=b");
    EXPECT_EQ(variable.read()->payload.substr(0, 6), "EINVAL");
}

TEST_F(Waiting, a_program_that_is_not_there_is_127_as_ever) {
    auto& process = start({"/nowhere/program"});
    EXPECT_EQ(state(), "waiting");
    auto client = begin();
    EXPECT_EQ(end(client), done);
    EXPECT_EQ(process.wait(), 127);
    EXPECT_EQ(process.err(), "berth-init: \"/nowhere/program\": no such file or directory\n");
}

TEST_F(Waiting, a_signal_ends_it_though_not_well) {
    auto& process = start({"true"});
    auto client = begin();
    process.signal(SIGTERM);
    EXPECT_EQ(process.wait(), 128 + SIGTERM);
    EXPECT_TRUE(client.ended());
}

/// A delivery over TCP, sealed by the protocol's own words.
class Sealed : public Network {
  protected:
    Sealed() {
        Words words{"run", "--wait"};
        for (const auto& option : options()) words.push_back(option);
        words.insert(words.end(), {"--", "sh", "-c", "echo $TOKEN"});
        process_.emplace(directory_, words);
    }

    std::string seal(char kind, const std::string& text) {
        const auto raw = [](const std::string& bytes) {
            return reinterpret_cast<const unsigned char*>(bytes.data());
        };
        unsigned char key[crypto_auth_hmacsha256_BYTES];
        const auto label = "berth-init delivery\n" + salt_ + "\n";
        crypto_auth_hmacsha256_state state;
        ::crypto_auth_hmacsha256_init(&state, raw(key_), key_.size());
        ::crypto_auth_hmacsha256_update(&state, raw(label), label.size());
        ::crypto_auth_hmacsha256_final(&state, key);
        unsigned char nonce[12] = {};
        nonce[11] = static_cast<unsigned char>(number_++);
        const auto aad = static_cast<unsigned char>(kind);
        std::string sealed(text.size() + 16, '\0');
        ::crypto_aead_chacha20poly1305_ietf_encrypt(reinterpret_cast<unsigned char*>(sealed.data()), nullptr,
                                                    raw(text), text.size(), &aad, 1, nullptr, nonce, key);
        return sealed;
    }

    Client begin() {
        number_ = 0;
        auto client = ask('B', salt_);
        EXPECT_EQ(client.read(), done);
        return client;
    }

    std::string salt_ = "ffeeddccbbaa99887766554433221100";
    int number_ = 0;
};

const Message broken{'E', fields({"EPROTO", "a frame is not what was sealed"})};

TEST_F(Sealed, a_delivery_over_a_network_is_sealed) {
    EXPECT_EQ(ask('B').read(), (Message{'E', fields({"EPROTO", "a delivery over a network is sealed"})}));
    EXPECT_EQ(ask('B', "salt").read()->payload.substr(0, 6), "EINVAL");
    auto client = begin();
    client.send('e', seal('e', "TOKEN=secret"));
    client.send('g', seal('g', ""));
    EXPECT_EQ(client.read(), done);
    EXPECT_EQ(process_->wait(), 0);
    EXPECT_EQ(process_->out(), "secret\n");
}

TEST_F(Sealed, what_was_changed_on_its_way_starts_nothing) {
    const auto variable = [&] { return seal('e', "TOKEN=secret"); };
    auto changed = begin();
    auto text = variable();
    text[3] ^= 1;
    changed.send('e', text);
    EXPECT_EQ(changed.read(), broken);
    auto other_kind = begin();
    other_kind.send('n', variable());
    EXPECT_EQ(other_kind.read(), broken);
    auto left_out = begin();
    variable();
    left_out.send('g', seal('g', ""));
    EXPECT_EQ(left_out.read(), broken);
    auto open = begin();
    open.send('g');
    EXPECT_EQ(open.read(), broken);
    EXPECT_EQ(ask('S').read(), (Message{'O', "waiting"}));
}

}  // namespace
}  // namespace berth::init::test
