-- Asks Berth whether a request may go on, for HAProxy 2.6 and later. How to use it: docs/operating.md.
--
--     http-request lua.berth_verify http://127.0.0.1:8080
--
-- leaves txn.berth_status (200, 401, 403; 0: Berth did not answer), and with it txn.berth_user, txn.berth_user_id,
-- txn.berth_role, txn.berth_session, txn.berth_cookie (the cookies that may go on) and txn.berth_sign_in.

local limit = 5000 -- Milliseconds for the answer.

-- What Berth judges by. Nothing that claims to come from a proxy is among it: that is ours to say.
local passed = { "cookie", "authorization", "berth-token", "origin", "sec-fetch-site", "sec-websocket-key", "upgrade" }

local verdicts = { [200] = true, [401] = true, [403] = true }

-- The values of a header, which HAProxy counts from 0.
local function values(headers, name)
    local list, index = {}, 0
    while headers[name] and headers[name][index] do
        list[#list + 1] = headers[name][index]
        index = index + 1
    end
    return list
end

local function verify(txn, berth)
    txn:set_var("txn.berth_status", 0)
    local headers, ask = txn.http:req_get_headers(), {}
    for _, name in ipairs(passed) do
        local list = values(headers, name)
        if #list > 0 then ask[name] = list end
    end
    ask["x-forwarded-host"] = values(headers, "host")
    ask["x-forwarded-uri"] = { txn.sf:pathq() }
    ask["x-forwarded-method"] = { txn.sf:method() }
    ask["x-forwarded-for"] = { txn.sf:src() }
    local answer = core.httpclient():get({ url = berth .. "/auth/verify", headers = ask, timeout = limit })
    -- What HAProxy itself answers when nobody is there is no answer.
    if not answer or not verdicts[answer.status] then return end
    txn:set_var("txn.berth_status", answer.status)
    local said = {
        berth_user = "x-berth-user", berth_user_id = "x-berth-user-id", berth_role = "x-berth-role",
        berth_session = "x-berth-session", berth_sign_in = "x-berth-sign-in", berth_cookie = "cookie",
    }
    for variable, name in pairs(said) do
        local value = answer.headers and answer.headers[name]
        if value then txn:set_var("txn." .. variable, value[0] or value[1]) end
    end
end

core.register_action("berth_verify", { "http-req" }, verify, 1)
