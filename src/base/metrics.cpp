#include "base/metrics.hpp"

#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace berth {

Metrics::Metrics()
    : registry_(std::make_unique<prometheus::Registry>(prometheus::Registry::InsertBehavior::Merge)) {}

Metrics::~Metrics() = default;

prometheus::Counter& Metrics::counter(const std::string& name, const std::string& help,
                                      const Labels& labels) {
    return prometheus::BuildCounter().Name(name).Help(help).Register(*registry_).Add(labels);
}

prometheus::Gauge& Metrics::gauge(const std::string& name, const std::string& help, const Labels& labels) {
    return prometheus::BuildGauge().Name(name).Help(help).Register(*registry_).Add(labels);
}

prometheus::Histogram& Metrics::seconds(const std::string& name, const std::string& help,
                                        const Labels& labels) {
    static const prometheus::Histogram::BucketBoundaries buckets{0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1,  2,
                                                                 5,     10,    30,   60,   120, 300, 600};
    return prometheus::BuildHistogram().Name(name).Help(help).Register(*registry_).Add(labels, buckets);
}

void Metrics::replace(const std::string& name, const std::string& help,
                      const std::map<Labels, double>& values) {
    const std::lock_guard lock(mutex_);
    auto& family = prometheus::BuildGauge().Name(name).Help(help).Register(*registry_);
    auto& series = replaced_[name];
    std::erase_if(series, [&](const auto& entry) {
        if (values.contains(entry.first)) return false;
        family.Remove(entry.second);
        return true;
    });
    for (const auto& [labels, amount] : values) {
        auto& gauge = series.try_emplace(labels, nullptr).first->second;
        if (gauge == nullptr) gauge = &family.Add(labels);
        gauge->Set(amount);
    }
}

std::string Metrics::text() const {
    const std::lock_guard lock(mutex_);
    return prometheus::TextSerializer().Serialize(registry_->Collect());
}

}  // namespace berth
