#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace prometheus {
class Registry;
}

namespace berth {

/// The numbers that this process counts, as Prometheus scrapes them. Safe from any thread.
///
/// A label is never free text of a client: every distinct one costs memory for good.
class Metrics {
  public:
    using Labels = std::map<std::string, std::string>;

    Metrics();
    ~Metrics();
    Metrics(const Metrics&) = delete;
    Metrics& operator=(const Metrics&) = delete;

    /// The series of that name and labels, made at its first use; the help text of the first use counts.
    prometheus::Counter& counter(const std::string& name, const std::string& help, const Labels& labels = {});
    prometheus::Gauge& gauge(const std::string& name, const std::string& help, const Labels& labels = {});
    /// Seconds, in buckets from a millisecond to ten minutes.
    prometheus::Histogram& seconds(const std::string& name, const std::string& help,
                                   const Labels& labels = {});

    /// Sets every series of a gauge at once: those that are not in `values` are gone afterwards.
    void replace(const std::string& name, const std::string& help, const std::map<Labels, double>& values);

    /// The text exposition format 0.0.4.
    std::string text() const;

  private:
    std::unique_ptr<prometheus::Registry> registry_;
    mutable std::mutex mutex_;
    std::map<std::string, std::map<Labels, prometheus::Gauge*>> replaced_;
};

}  // namespace berth
