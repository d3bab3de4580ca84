#include "gateway/rewrite.hpp"

#include <cstdlib>

#include "gateway/proxy.hpp"
#include "net/text.hpp"

namespace berth::gateway {
namespace {

const OwnCookies cookies{.platform = "berth_one", .session = "berth_one-session", .nonce = "berth_one-nonce"};

void require(bool holds) {
    if (!holds) std::abort();
}

/// Finds and scans what a rewriting wrote, as the other side will.
template <class Head, class Scan>
Head read_again(const std::string& bytes, Scan scan) {
    net::HeadFinder finder(net::HeadLimits{.line_max = 1 << 20, .head_max = 4 << 20, .fields_max = 1000});
    net::HeadProblem problem;
    require(finder.look(bytes, problem) == bytes.size() && !problem);
    Head head;
    require(!scan(bytes, head));
    return head;
}

void try_request(std::string_view bytes) {
    net::RequestHead head;
    if (net::scan_request(bytes, head) || head.host.empty()) return;
    std::string out;
    const RequestChanges changes{
        .cookies = cookies, .remote = "192.0.2.7", .user = "ann", .upgrade = !head.upgrade.empty()};
    rewrite_request(out, head, changes);
    const auto again = read_again<net::RequestHead>(out, net::scan_request);
    // The application must see the same request, and nothing of ours but what we said.
    require(again.method == head.method && again.path == head.path && again.host == head.host);
    require(again.framing == head.framing && again.length == head.length);
    for (const std::string_view name : {cookies.platform, cookies.session, cookies.nonce})
        require(find_cookie(again, name).kind == Proof::Kind::none);
    require(again.find(net::Name::berth_token).empty() && again.find("x-berth-user") == "ann");
    require(again.find("x-forwarded-for") == "192.0.2.7");
    int said = 0;
    for (const auto& field : again.fields)
        said += field.id == net::Name::x_berth || field.id == net::Name::x_forwarded;
    require(said == 4);
}

void try_response(std::string_view bytes) {
    net::ResponseHead head;
    if (net::scan_response(bytes, false, head) || (head.status < 200 && head.status != 101)) return;
    if (head.status == 101 && head.upgrade.empty()) return;
    std::string out;
    const bool chunked = head.framing == net::Framing::chunked;
    const ResponseChanges changes{.cookies = cookies, .chunked = chunked};
    rewrite_response(out, head, changes);
    const auto scan = [](std::string_view text, net::ResponseHead& into) {
        return net::scan_response(text, false, into);
    };
    const auto again = read_again<net::ResponseHead>(out, scan);
    require(again.status == head.status && again.framing == head.framing && again.length == head.length);
    for (const auto& field : again.fields)
        require(field.id != net::Name::set_cookie || may_set(field.value, cookies));
}

}  // namespace
}  // namespace berth::gateway

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    berth::net::HeadFinder finder(berth::net::HeadLimits{});
    berth::net::HeadProblem problem;
    if (const auto head_size = finder.look(bytes, problem); head_size > 0) {
        berth::gateway::try_request(bytes.substr(0, head_size));
        berth::gateway::try_response(bytes.substr(0, head_size));
    }
    berth::gateway::FrameWalk().holds_data(bytes);
    return 0;
}
