#include "imposters/kubernetes/process_1.hpp"

#include "net/mac.hpp"

namespace berth::imposter {
namespace {

constexpr std::size_t header_size = 5;

std::string frame(char kind, const std::string& payload) {
    std::string bytes{kind};
    for (const int shift : {24, 16, 8, 0}) bytes += static_cast<char>(payload.size() >> shift & 0xff);
    return bytes + payload;
}

}  // namespace

std::optional<std::string> Process1::hear(const std::string& bytes) {
    if (!alive_()) return std::nullopt;
    read_ += bytes;
    std::string said;
    while (!forwards_ && read_.size() >= header_size) {
        std::size_t length = 0;
        for (std::size_t i = 1; i < header_size; ++i)
            length = length << 8 | static_cast<unsigned char>(read_[i]);
        if (read_.size() < header_size + length) break;
        const auto payload = read_.substr(header_size, length);
        const char kind = read_[0];
        read_.erase(0, header_size + length);
        const auto words = answer(kind, payload);
        if (!words) return std::nullopt;
        said += *words;
    }
    if (forwards_ && read_.find("\r\n\r\n") != std::string::npos) {
        read_.clear();
        said += "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    }
    return said;
}

std::optional<std::string> Process1::answer(char kind, const std::string& payload) {
    if (kind == 'H' && nonce_.empty()) {
        nonce_ = net::random_hex(16);
        expected_ = net::hmac_sha256_hex(key_, "berth-init client\n" + nonce_ + "\n" + payload);
        const auto mac = net::hmac_sha256_hex(key_, "berth-init server\n" + payload + "\n" + nonce_);
        return frame('O', nonce_ + std::string(1, '\0') + mac);
    }
    if (kind == 'A' && !nonce_.empty() && payload == expected_) {
        proven_ = true;
        return "";
    }
    if (!proven_) return std::nullopt;
    if (kind == 'P') return frame('O', "0.1.0");
    if (kind == 'U') return frame('O', std::string("5000000") + '\0' + "1048576");
    if (kind == 'F') {
        if (!ports_.contains(std::stoi(payload)))
            return frame('E', std::string("ECONNREFUSED") + '\0' + "connection refused");
        forwards_ = true;
        return frame('O', "");
    }
    if (kind == 'R') {
        const auto end = payload.find('\0');
        const auto error = reach_(payload.substr(0, end), std::stoi(payload.substr(end + 1)));
        return error.empty() ? frame('O', "") : frame('E', error + '\0' + "nothing answers on that port");
    }
    return frame('E', "ENOSYS");
}

}  // namespace berth::imposter
