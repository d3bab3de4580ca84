// A server's certificate changes, and whom we trust with it.

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <fstream>

#include "imposters/kubernetes/harness.hpp"
#include "kube/client.hpp"

namespace berth::kube {
namespace {

using namespace std::chrono_literals;
namespace ssl = boost::asio::ssl;

std::string read_all(BIO* memory) {
    char* bytes = nullptr;
    const auto size = BIO_get_mem_data(memory, &bytes);
    std::string text(bytes, static_cast<std::size_t>(size));
    BIO_free(memory);
    return text;
}

/// A certificate that is its own authority, for 127.0.0.1.
struct Certificate {
    std::string text, key;
    Certificate() {
        auto* pair = EVP_EC_gen("P-256");
        auto* made = X509_new();
        X509_set_version(made, X509_VERSION_3);
        static long number = 0;
        ASN1_INTEGER_set(X509_get_serialNumber(made), ++number);
        X509_gmtime_adj(X509_getm_notBefore(made), -3600);
        X509_gmtime_adj(X509_getm_notAfter(made), 3600);
        X509_set_pubkey(made, pair);
        auto* name = X509_get_subject_name(made);
        const auto title = "authority " + std::to_string(number);
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                   reinterpret_cast<const unsigned char*>(title.c_str()), -1, -1, 0);
        X509_set_issuer_name(made, name);
        auto* names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "IP:127.0.0.1");
        X509_add_ext(made, names, -1);
        X509_EXTENSION_free(names);
        X509_sign(made, pair, EVP_sha256());
        auto* out = BIO_new(BIO_s_mem());
        PEM_write_bio_X509(out, made);
        text = read_all(out);
        out = BIO_new(BIO_s_mem());
        PEM_write_bio_PrivateKey(out, pair, nullptr, nullptr, 0, nullptr, nullptr);
        key = read_all(out);
        X509_free(made);
        EVP_PKEY_free(pair);
    }
};

class KubeTls : public ::testing::Test {
  protected:
    KubeTls() { harness.tasks.start("serve", serve()); }

    Cluster cluster() {
        trust(first);
        return {.address = {.host = "127.0.0.1", .port = acceptor.local_endpoint().port(), .tls = true},
                .authorities_file = file(),
                .identity = {.token = SecretText("t")}};
    }
    std::string file() const { return harness.server.folder() + "/ca.crt"; }
    void trust(const Certificate& certificate) { std::ofstream(file()) << certificate.text; }

    /// Answers one request per connection.
    Task<> serve() {
        while (true) {
            auto socket = co_await acceptor.async_accept(asio::use_awaitable);
            harness.tasks.start("answer", answer(std::move(socket)));
        }
    }
    Task<> answer(asio::ip::tcp::socket socket) {
        ssl::context context(ssl::context::tls_server);
        context.use_certificate(asio::buffer(shown->text), ssl::context::pem);
        context.use_private_key(asio::buffer(shown->key), ssl::context::pem);
        ssl::stream<asio::ip::tcp::socket> stream(std::move(socket), context);
        try {
            co_await stream.async_handshake(ssl::stream_base::server, asio::use_awaitable);
            std::string head;
            co_await asio::async_read_until(stream, asio::dynamic_buffer(head), "\r\n\r\n",
                                            asio::use_awaitable);
            const std::string said = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
            co_await asio::async_write(stream, asio::buffer(said), asio::use_awaitable);
        } catch (const boost::system::system_error&) {
            ++refused;
        }
    }

    imposter::Harness harness;
    asio::ip::tcp::acceptor acceptor{harness.io, {asio::ip::address_v4::loopback(), 0}};
    Certificate first, second;
    const Certificate* shown = &first;
    int refused = 0;
};

TEST_F(KubeTls, a_server_whose_certificate_changed_is_trusted_again_once_the_file_says_so) {
    Client client(cluster(), {}, harness.clock, harness.io.get_executor());
    EXPECT_EQ(harness.run(client.get_path("/version")), json::value(json::object()));
    shown = &second;
    const auto failure = harness.failure_of(client.get_path("/version"));
    EXPECT_EQ(failure.kind, Kind::unavailable);
    EXPECT_NE(failure.user.find("certificate"), std::string::npos) << failure.user;
    EXPECT_EQ(harness.failure_of(client.get_path("/version")).kind, Kind::unavailable)
        << "nobody vouched for it";
    trust(second);
    EXPECT_EQ(harness.run(client.get_path("/version")), json::value(json::object()));
    EXPECT_EQ(refused, 2);
}

TEST_F(KubeTls, a_write_that_no_trusted_server_heard_has_a_known_outcome) {
    Client client(cluster(), {}, harness.clock, harness.io.get_executor());
    shown = &second;
    const json::object about{{"name", "x"}, {"namespace", "a"}};
    const auto failure = harness.failure_of(client.create(config_maps, {{"metadata", about}}));
    EXPECT_EQ(failure.code, "cluster_unavailable");
}

}  // namespace
}  // namespace berth::kube
