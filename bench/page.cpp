#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string_view>

/// The tiny HTTP application whose start is measured: answers anything on port 8080, one request a
/// connection.
int main() {
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(8080);
    if (::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return 1;
    if (::listen(listener, 64) != 0) return 1;
    constexpr std::string_view answer =
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\nConnection: "
        "close\r\n\r\nhello\n";
    char request[4096];
    for (;;) {
        const int client = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        if (client < 0) continue;
        // A whole small request comes in one piece on a machine's own network.
        if (::read(client, request, sizeof request) > 0 && ::write(client, answer.data(), answer.size()) > 0)
            ::shutdown(client, SHUT_WR);
        ::close(client);
    }
}
