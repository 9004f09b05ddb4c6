export declare function ageText(seconds: number): string;
export declare function relativeText(at: number, now: number): string;
