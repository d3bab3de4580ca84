#include "imposters/kubernetes/api_server.hpp"

#include <fmt/format.h>

#include <boost/asio/redirect_error.hpp>
#include <filesystem>
#include <fstream>

namespace berth::imposter {
namespace {

constexpr Duration outage_most{std::chrono::seconds(30)};
constexpr Duration slow_most{std::chrono::seconds(25)};
constexpr Duration late_most{std::chrono::seconds(10)};
constexpr Duration stall{std::chrono::minutes(10)};
constexpr Duration token_late_most{std::chrono::seconds(5)};

std::vector<std::string> segments_of(const std::string& path) {
    std::vector<std::string> parts;
    for (std::size_t from = 1; from < path.size();) {
        const auto end = std::min(path.find('/', from), path.size());
        parts.push_back(path.substr(from, end - from));
        from = end + 1;
    }
    return parts;
}

/// `/api/v1/…` and `/apis/GROUP/VERSION/…`; nothing for another path.
std::optional<std::pair<Where, std::string>> read_path(const std::string& path) {
    auto parts = segments_of(path);
    const std::size_t skip = !parts.empty() && parts[0] == "api" ? 2 : 3;
    if (parts.size() <= skip || (parts[0] != "api" && parts[0] != "apis")) return std::nullopt;
    parts.erase(parts.begin(), parts.begin() + static_cast<long>(skip));
    Where where;
    if (parts[0] == "namespaces" && parts.size() >= 3) {
        where.namespace_ = parts[1];
        parts.erase(parts.begin(), parts.begin() + 2);
    }
    where.plural = parts[0];
    if (parts.size() > 1) where.name = parts[1];
    return std::pair{where, parts.size() > 2 ? parts[2] : std::string()};
}

json::value parse(const std::string& body) {
    if (body.empty()) return json::object();
    return boost::json::parse(body);
}

}  // namespace

ApiServer::ApiServer(asio::any_io_executor executor, Clock& clock, std::uint64_t seed)
    : objects(clock), executor_(executor), clock_(clock), dice_(seed), tasks_(executor) {
    std::string pattern = std::filesystem::temp_directory_path() / "berth-imposter-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    std::ofstream(token_file()) << token_ << "\n";
    objects.listeners.emplace_back([this](const Change&) { ring(); });
    listen();
}

ApiServer::~ApiServer() {
    close();
    std::filesystem::remove_all(folder_);
}

void ApiServer::listen() {
    const auto path = address().unix_path;
    std::filesystem::remove(path);
    acceptor_ = std::make_unique<asio::local::stream_protocol::acceptor>(
        executor_, asio::local::stream_protocol::endpoint(path));
    tasks_.start("accept", accept());
}

void ApiServer::close() {
    closing_ = true;
    acceptor_.reset();
    cut(Pending::is_dropped);
    tasks_.cancel();
    ring();
}

void ApiServer::cut(Pending pending) {
    pending_lands_ = pending == Pending::may_land;
    for (auto& weak : wires_)
        if (const auto wire = weak.lock()) wire->close();
    wires_.clear();
    hold_at_ = 0;
    held_ = false;
    ring();
}

void ApiServer::vanish() {
    acceptor_.reset();
    std::filesystem::remove(address().unix_path);
    cut(Pending::may_land);
}

void ApiServer::appear() {
    if (!acceptor_ && !closing_) listen();
}

void ApiServer::go_away() {
    vanish();
    tasks_.start("come back", come_back(dice_.up_to(outage_most)));
}

Task<> ApiServer::come_back(Duration later) {
    co_await clock_.sleep(later);
    appear();
}

void ApiServer::rotate_token(Duration later) {
    token_ = fmt::format("token-{}", ++tokens_);
    tasks_.start("write a token", write_token(token_, later));
}

Task<> ApiServer::write_token(std::string token, Duration later) {
    co_await clock_.sleep(later);
    if (token == token_) std::ofstream(token_file()) << token << "\n";
}

void ApiServer::hold_at(int effective) {
    hold_at_ = effective;
    held_ = false;
}

Task<> ApiServer::accept() {
    while (acceptor_) {
        boost::system::error_code ec;
        auto* const acceptor = acceptor_.get();
        Socket socket(executor_);
        co_await acceptor->async_accept(socket, asio::redirect_error(asio::use_awaitable, ec));
        if (ec || acceptor != acceptor_.get()) co_return;
        auto wire = std::make_shared<Connection>(std::move(socket));
        std::erase_if(wires_, [](const auto& weak) { return weak.expired(); });
        wires_.push_back(wire);
        tasks_.start("serve", serve(wire));
    }
}

Task<> ApiServer::serve(Wire wire) {
    while (!wire->gone) {
        auto request = co_await read_request(*wire);
        if (!request) break;
        const bool more = co_await answer(wire, std::move(*request));
        if (!more) break;
    }
    if (!wire->gone) wire->close();
}

Task<bool> ApiServer::answer(Wire wire, HttpRequest http) {
    if (script) {
        if (const auto pieces = script(http)) {
            for (const auto& piece : *pieces) {
                if (piece.empty()) co_return false;
                co_await send(*wire, piece);
            }
            co_return true;
        }
    }
    if (dice_.chance(faults.unauthorized)) rotate_token(dice_.up_to(token_late_most));
    if (const auto sent = http.header("authorization"); !sent.empty() && sent != "Bearer " + token_) {
        const Refusal refusal{401, "Unauthorized", "Unauthorized"};
        co_return co_await send(*wire, http_answer(401, json::write(refusal.body())));
    }
    if (http.path == "/version")
        co_return co_await send(*wire, http_answer(200, R"({"major":"1","gitVersion":"v1.36.0"})"));
    const auto read = read_path(http.path);
    if (!read) co_return co_await send(*wire, http_answer(404, "404 page not found"));
    const bool write = http.method != "GET";
    Request request{
        .http = std::move(http), .where = read->first, .subresource = read->second, .write = write};
    if (request.subresource == "portforward") {
        co_await forward(wire, std::move(request));
        co_return false;
    }
    if (request.subresource == "log") co_return co_await send_log(wire, std::move(request));
    if (request.http.parameter("watch") == "1") co_return co_await watch(wire, std::move(request));
    co_return co_await answer_call(wire, std::move(request));
}

Task<bool> ApiServer::answer_call(Wire wire, Request request) {
    const InFlight guard(tally);
    if (request.write) ++tally.writes;
    if (dice_.chance(faults.outage)) {
        go_away();
        co_return false;
    }
    if (dice_.chance(faults.reset)) co_return false;
    co_await clock_.sleep(Duration(1) + dice_.up_to(pace.call));
    if (dice_.chance(faults.slow)) co_await clock_.sleep(dice_.up_to(slow_most));
    if (held_ || closing_ || (wire->gone && (!pending_lands_ || dice_.chance(0.5)))) co_return false;
    auto answer = refusal_before(request);
    bool effective = false;
    if (!answer) {
        const auto before = objects.version();
        answer = act(request);
        effective = request.write && objects.version() != before;
        tally.effective += effective;
    }
    if (request.write)
        tally.lines.push_back(fmt::format("{} {}/{} {}", request.http.method, request.where.plural,
                                          request.where.name, answer->status));
    if (effective && hold_at_ != 0 && tally.effective >= hold_at_) {
        held_ = true;
        co_return false;
    }
    const auto bytes = http_answer(answer->status, json::write(answer->body), answer->headers);
    co_await clock_.sleep(Duration(1) + dice_.up_to(pace.call));
    const bool heard = co_await answer_badly(wire, request, bytes);
    tally.answered += effective && heard;
    co_return heard;
}

/// What may go wrong with an answer, or not.
Task<bool> ApiServer::answer_badly(Wire wire, const Request& request, const std::string& bytes) {
    if (!request.write && dice_.chance(faults.late)) co_await clock_.sleep(dice_.up_to(late_most));
    if (dice_.chance(faults.lost)) co_return false;
    const bool torn = dice_.chance(faults.torn);
    const bool stalled = dice_.chance(faults.stalled);
    if (!torn && !stalled) co_return co_await send(*wire, bytes);
    co_await send(*wire, bytes.substr(0, bytes.size() / 2));
    if (stalled) co_await clock_.sleep(stall);
    co_return false;
}

std::optional<ApiServer::Answer> ApiServer::refusal_before(const Request& request) {
    const auto say = [](Refusal refusal, const std::string& headers) {
        return Answer{refusal.status, refusal.body(), headers};
    };
    if (dice_.chance(faults.throttled))
        return say({429, "TooManyRequests", "the server has received too many requests", "", 1},
                   "Retry-After: 1\r\n");
    if (dice_.chance(faults.refused)) {
        if (dice_.chance(0.3))
            return say({503, "ServiceUnavailable", "apiserver is shutting down", "", 2},
                       "Retry-After: 2\r\n");
        return say({500, "InternalError", "etcdserver: request timed out"}, "");
    }
    if (request.write && dice_.chance(faults.conflicted))
        return say({409, "Conflict", "the object has been modified; please apply your changes"}, "");
    return std::nullopt;
}

ApiServer::Answer ApiServer::act(const Request& request) {
    try {
        return act_on(request);
    } catch (const Refusal& refusal) {
        if (request.write) ++tally.refused;
        return {refusal.status, refusal.body()};
    }
}

ApiServer::Answer ApiServer::act_on(const Request& request) {
    const auto& method = request.http.method;
    require_defined(request);
    if (method == "PUT") return put(request);
    if (method == "POST") {
        auto object = parse(request.http.body).as_object();
        if (!request.where.namespace_.empty())
            object["metadata"].as_object()["namespace"] = request.where.namespace_;
        return {201, objects.create(request.where.plural, std::move(object))};
    }
    if (method == "DELETE") return remove(request);
    if (method == "PATCH") return patch(request);
    if (request.where.name.empty()) return list(request);
    const auto* found = objects.find(request.where);
    if (found == nullptr)
        throw Refusal{404, "NotFound",
                      fmt::format("{} \"{}\" not found", request.where.plural, request.where.name)};
    const bool metadata =
        request.http.header("accept").find("as=PartialObjectMetadata;") != std::string::npos;
    return {200, metadata ? only_metadata(*found) : *found};
}

ApiServer::Answer ApiServer::list(const Request& request) {
    const auto kind = kind_of(request.where.plural) + "List";
    const auto limit = request.http.parameter("limit");
    auto token = request.http.parameter("continue");
    json::array items;
    std::string version = std::to_string(objects.version());
    if (!token.empty()) {
        const auto rest = rests_.find(token);
        if (rest == rests_.end() || dice_.chance(faults.forgotten))
            throw Refusal{410, "Expired", "the provided continue parameter is too old"};
        items = rest->second;
        version = token.substr(0, token.find(':'));
        rests_.erase(rest);
    } else {
        const Selector selector{request.where.namespace_, request.http.parameter("labelSelector"),
                                request.http.parameter("fieldSelector")};
        const bool metadata =
            request.http.header("accept").find("PartialObjectMetadataList") != std::string::npos;
        for (const auto& [where, object] : objects.list(request.where.plural, selector))
            items.push_back(metadata ? only_metadata(object) : object);
    }
    json::object about{{"resourceVersion", version}};
    const auto most = limit.empty() ? items.size() : std::stoul(limit);
    if (items.size() > most) {
        // The rest is of the same moment as the first page.
        token = fmt::format("{}:{}", version, ++rests_made_);
        rests_[token] = json::array(items.begin() + static_cast<long>(most), items.end());
        items.resize(most);
        about["continue"] = token;
    }
    return {200, json::object{{"kind", kind}, {"apiVersion", "v1"}, {"metadata", about}, {"items", items}}};
}

/// Custom resources are there while their definition is; none is made once that is on its way out.
void ApiServer::require_defined(const Request& request) const {
    const auto& plural = request.where.plural;
    if (!is_custom(plural)) return;
    const auto* definition = objects.find({"customresourcedefinitions", "", plural + ".berth.dev"});
    if (definition == nullptr)
        throw Refusal{404, "NotFound", "the server could not find the requested resource"};
    if (request.http.method == "POST" && value_at(*definition, {"metadata", "deletionTimestamp"}) != nullptr)
        throw Refusal{405, "MethodNotAllowed",
                      "create not allowed while custom resource definition is terminating"};
}

/// The object is what whoever writes thinks that it is.
void ApiServer::require_same(const Request& request, const json::object& change) const {
    const auto* found = objects.find(request.where);
    if (found == nullptr) return;
    for (const auto* key : {"uid", "resourceVersion"}) {
        const auto said = text_at(change, {"metadata", key});
        if (!said.empty() && said != text_at(*found, {"metadata", key}))
            throw Refusal{409, "Conflict",
                          fmt::format("Operation cannot be fulfilled on {} \"{}\": the object has been "
                                      "modified; {}",
                                      request.where.plural, request.where.name, key)};
    }
}

ApiServer::Answer ApiServer::put(const Request& request) {
    const auto body = parse(request.http.body);
    const auto& whole = body.as_object();
    require_same(request, whole);
    return {200, objects.edit(request.where, [&](json::object& object) {
                if (request.subresource == "status") {
                    object["status"] = whole.at("status");
                    return;
                }
                for (const auto& [key, part] : whole)
                    if (key != "status" && key != "metadata" && key != "apiVersion" && key != "kind")
                        object[key] = part;
                for (const auto* key : {"labels", "annotations", "finalizers"}) {
                    object["metadata"].as_object().erase(key);
                    if (const auto* part = value_at(body, {"metadata", key}))
                        object["metadata"].as_object()[key] = *part;
                }
            })};
}

ApiServer::Answer ApiServer::patch(const Request& request) {
    const auto change = parse(request.http.body).as_object();
    require_same(request, change);
    const bool apply = request.http.header("content-type").starts_with("application/apply-patch");
    if (apply && objects.find(request.where) == nullptr && request.subresource.empty())
        return {201, objects.create(request.where.plural, change)};
    return {200, objects.edit(request.where, [&](json::object& object) {
                auto allowed = change;
                // Each of the two doors changes its own part only.
                if (request.subresource == "status") {
                    allowed = {};
                    if (change.contains("status")) allowed["status"] = change.at("status");
                } else if (object.contains("status")) {
                    allowed.erase("status");
                }
                merge(object, allowed);
            })};
}

ApiServer::Answer ApiServer::remove(const Request& request) {
    const auto options = parse(request.http.body);
    Deletion deletion{.uid = text_at(options, {"preconditions", "uid"}),
                      .version = text_at(options, {"preconditions", "resourceVersion"}),
                      .orphan = text_at(options, {"propagationPolicy"}) == "Orphan"};
    if (const auto* grace = value_at(options, {"gracePeriodSeconds"}))
        deletion.grace_seconds = static_cast<int>(grace->as_int64());
    if (deletion.uid.empty()) ++tally.blind_deletions;
    auto left = objects.remove(request.where, deletion);
    if (request.where.plural == "pods" || objects.find(request.where) != nullptr) return {200, left};
    return {200, json::object{{"kind", "Status"}, {"apiVersion", "v1"}, {"status", "Success"}}};
}

}  // namespace berth::imposter
