/// Progress of work that goes on elsewhere; without a share it says only that it goes on.
export function Progress({ label, share }: { label: string; share?: number }) {
  const percent = share === undefined ? undefined : Math.round(Math.min(1, Math.max(0, share)) * 100)
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
      className="h-1 overflow-hidden rounded-full bg-line"
    >
      <div
        className={percent === undefined ? "h-full w-1/3 animate-pulse bg-moving" : "h-full bg-moving"}
        style={percent === undefined ? undefined : { width: `${percent}%` }}
      />
    </div>
  )
}
